import { createHash, randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Room } from "@prism-data/pattern-sdk";
import { AckPolicy, DeliverPolicy, type Msg, type MsgHdrs, ReplayPolicy } from "nats";
import type { Connection } from "./connection.js";
import { groupVanished } from "./errors.js";
import { type JetStream, nanosecondsPerMs } from "./jet-stream.js";
import { queueGroup, type Subjects } from "./subjects.js";

/**
 * How long the server waits for a word about a message before it gives it to somebody else, in ms. Members keep theirs for as long as they
 * may, by saying that they work; so this is how long the messages of a process that has died are missed.
 */
const ackWaitMs = 6_000;

/** How often a member says that it works on a message, in ms: two words may be lost. */
export const workingMs = 2_000;

/** How long one request for messages stands, in ms: shorter than what a connection takes for silence. */
const pullMs = 5_000;

/** More members of a group than there are. */
const pullsMax = 10_000;

/** How long the server keeps the consumer of a subscription that has gone without a word, in ms. */
const ownLifeMs = 600_000;

/** How soon is asked again after the server has declined, in ms. */
const declinedPauseMs = 250;

/** How the server ends a request that has stood long enough. */
const nothingCame = 408;

export interface PubSubGroupOptions {
  readonly connection: Connection;
  readonly jetStream: JetStream;
  readonly stream: string;
  readonly subjects: Subjects;
  /** `undefined`: it is one subscription's own, and gone with it. */
  readonly name: string | undefined;
  readonly topic: string;
}

/** What the server says of a delivery in the subject to answer to. */
export interface ServerDelivery {
  /** Of the message in its stream. */
  readonly sequence: number;
  /** How often the server has delivered the message. */
  readonly count: number;
  /** When the message was stored. */
  readonly storedAtMs: number;
}

/** One group as a member sees it: a consumer on the server. */
export class PubSubGroup {
  /** Its name on the server. */
  readonly consumer: string;
  readonly #options: PubSubGroupOptions;

  constructor(options: PubSubGroupOptions) {
    const { name, topic } = options;
    this.#options = options;
    this.consumer = name === undefined ? `own~${randomUUID()}` : `group~${hashOf(queueGroup(name, topic))}`;
  }

  /** Whether it is one subscription's own. */
  get isOwn(): boolean {
    return this.#options.name === undefined;
  }

  /** Makes the group unless it is there: from then on everything published is kept for it. */
  async make(): Promise<void> {
    const { jetStream, stream, subjects, name, topic } = this.#options;
    await jetStream.makeConsumer(stream, {
      name: this.consumer,
      durable_name: this.consumer,
      deliver_policy: DeliverPolicy.New,
      ack_policy: AckPolicy.Explicit,
      replay_policy: ReplayPolicy.Instant,
      ack_wait: ackWaitMs * nanosecondsPerMs,
      max_ack_pending: -1,
      max_waiting: pullsMax,
      filter_subject: subjects.ofTopic(topic),
      ...(name === undefined
        ? { inactive_threshold: ownLifeMs * nanosecondsPerMs }
        : { metadata: { "prism-group": name, "prism-topic": topic } }),
    });
  }

  async remove(): Promise<void> {
    const { jetStream, stream } = this.#options;
    await jetStream.removeConsumer(stream, this.consumer);
  }

  /**
   * Passes on messages as they come: as many as there is room for, or those of some seconds. Ends early with the signal, after those that are on
   * their way. Throws when the group is gone.
   */
  async pull({ items, bytes }: Room, onMessage: (message: Msg) => void, signal: AbortSignal): Promise<void> {
    const { taken, end } = await this.#ask({ batch: items, max_bytes: bytes }, onMessage, signal);
    if (taken > 0 || signal.aborted || end?.code === nothingCame) return;
    // One that is larger than there is room for comes alone.
    if (end?.description.includes("MaxBytes")) return void (await this.#ask({ batch: 1 }, onMessage, signal));
    await this.#checkThere();
    await pause(declinedPauseMs);
  }

  /**
   * Returns when the server has dropped the requests that nobody listens to any more, as it does when it is asked about the consumer: one of those
   * would put what is given back in another order.
   */
  async dropPulls(): Promise<void> {
    const { jetStream, stream } = this.#options;
    await jetStream.hasConsumer(stream, this.consumer);
  }

  /** Lets the server know that somebody is there: asks for a message that is smaller than any. */
  async touch(signal: AbortSignal): Promise<void> {
    await this.#ask({ batch: 1, max_bytes: 1 }, () => {}, signal);
  }

  async #ask(
    bounds: { readonly batch: number; readonly max_bytes?: number },
    onMessage: (message: Msg) => void,
    signal: AbortSignal,
  ): Promise<{ readonly taken: number; readonly end: MsgHdrs | undefined }> {
    const { connection, stream } = this.#options;
    let taken = 0;
    let end: MsgHdrs | undefined;
    await connection.requestMany(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${this.consumer}`,
      JSON.stringify({ ...bounds, expires: pullMs * nanosecondsPerMs }),
      (answer) => {
        if (answer.headers !== undefined && answer.headers.code !== 0) {
          end = answer.headers;
          return true;
        }
        onMessage(answer);
        return ++taken === bounds.batch;
      },
      signal,
    );
    return { taken, end };
  }

  async #checkThere(): Promise<void> {
    const { connection, jetStream, stream } = this.#options;
    if (await jetStream.hasConsumer(stream, this.consumer)) return;
    throw groupVanished(connection.address, this.consumer, stream);
  }
}

/** Reads `$JS.ACK.STREAM.CONSUMER.COUNT.SEQUENCE.…`; a server with domains has two tokens more before the stream. */
export function serverDelivery(reply: string): ServerDelivery {
  const tokens = reply.split(".");
  const [count, sequence, , storedAtNanoseconds] = tokens.slice(tokens.length === 9 ? 4 : 6).map(Number);
  return { count: count!, sequence: sequence!, storedAtMs: Math.floor(storedAtNanoseconds! / nanosecondsPerMs) };
}

/** A name of a bounded length, which no two groups have in common. */
function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64url");
}
