import type { ClientDuplexStream } from "@grpc/grpc-js";
import { failureOf } from "../acceptance/error-details.ts";
import type { GrpcClient } from "../acceptance/grpc-client.ts";
import { type Lane, noDeadline } from "./lane.ts";

export interface TalkOptions<Answer> {
  readonly client: GrpcClient;
  readonly method: string;
  /** What is said first. */
  readonly opening: object;
  hear(answer: Answer, talk: Talk<Answer>): void;
  /** Called when it has ended, also without a failure. */
  ended?(talk: Talk<Answer>): void;
  /** Whether the other side goes on although this one says no more, so that leaving means to cancel. */
  readonly isOneWay?: boolean;
}

/** A stream on which app and backend talk, until one of them ends it. */
export class Talk<Answer> {
  /** When it was last known to be alive, by the clock of the machine. */
  heardMs = Date.now();
  /** Resolves when it has ended, with what went wrong. */
  readonly ended: Promise<string | undefined>;
  readonly #call: ClientDuplexStream<object, Answer>;
  readonly #isOneWay: boolean;

  constructor({ client, method, opening, hear, isOneWay = false }: TalkOptions<Answer>) {
    this.#isOneWay = isOneWay;
    this.#call = client.bidiStream(method, noDeadline);
    this.#call.on("data", (answer: Answer) => {
      this.heardMs = Date.now();
      hear(answer, this);
    });
    this.ended = new Promise((resolve) => {
      this.#call.once("end", () => resolve(undefined));
      this.#call.once("error", (error) => resolve(reasonOf(error)));
    });
    this.say(opening);
  }

  /** Says something, and whether it could: after leaving nothing more can be said. */
  say(request: object): boolean {
    if (!this.#call.writable) return false;
    this.#call.write(request);
    return true;
  }

  /** Says no more; what was said is answered. */
  leave(): void {
    if (this.#isOneWay) this.#call.cancel();
    else this.#call.end();
  }
}

/** Talks, and begins anew when a talk ends, until it is told to stop; then it ends its side and waits for the other's. */
export async function keepTalking<Answer>(
  lane: Lane,
  stop: AbortSignal,
  begin: () => TalkOptions<Answer>,
): Promise<void> {
  await lane.repeat(stop, async () => {
    const options = begin();
    const talk = new Talk(options);
    const leave = () => talk.leave();
    stop.addEventListener("abort", leave);
    const reason = await talk.ended;
    stop.removeEventListener("abort", leave);
    options.ended?.(talk);
    if (reason !== undefined && !stop.aborted) lane.fail(reason);
    return false;
  });
}

function reasonOf(error: unknown): string {
  const { code, reason } = failureOf(error);
  return reason || code;
}
