import type { GrpcMethod, ServerCall } from "@prism-data/transport";
import type { Awaitable } from "../awaitable.js";
import { GatewayError } from "../errors.js";
import type { Logger } from "../plugin.js";
import { grpcErrorOf } from "../protocol/status.js";
import { translatedError } from "./translated-error.js";

/** How long the handlers of calls that were ended may still take, such as to give back what they hold of the data system. */
const handlerGraceMs = 500;

/** How many calls a drain let finish, and how many it did not. */
export interface DrainCounts {
  readonly completed: number;
  readonly aborted: number;
}

type State =
  | { readonly phase: "open" }
  | { readonly phase: "draining"; completed: number; aborted: number; readonly whenIdle: () => void };

/** Knows the apps' calls that are not answered yet, so that a drain can wait for them and then end them. */
export class CallsInFlight {
  readonly #log: Logger;
  /** Each with what its handler is doing. */
  readonly #unanswered = new Map<ServerCall, PromiseLike<unknown>>();
  #state: State = { phase: "open" };

  constructor(log: Logger) {
    this.#log = log;
  }

  get count(): number {
    return this.#unanswered.size;
  }

  /** The same method, counted, refused while draining, and with every error translated to a status. */
  counted(method: GrpcMethod): GrpcMethod {
    if (method.kind === "unary") {
      return { kind: "unary", handle: (message, call) => this.#run(call, () => method.handle(message, call)) };
    }
    return { kind: "stream", handle: async (call) => this.#run(call, () => method.handle(call)) };
  }

  /**
   * Takes no new calls, waits for those in flight at most `graceMs`, and ends the rest with `DRAINING`; their handlers may still
   * tidy up before it resolves. Call it once.
   */
  async drain(graceMs: number): Promise<DrainCounts> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const state = { phase: "draining" as const, completed: 0, aborted: 0, whenIdle: resolve };
    this.#state = state;
    if (this.#unanswered.size > 0) {
      const timer = setTimeout(resolve, graceMs);
      await promise;
      clearTimeout(timer);
    }
    const handlers = [...this.#unanswered.values()];
    for (const call of [...this.#unanswered.keys()]) {
      call.abort(grpcErrorOf(drainingError()));
      this.#answered(call, "aborted");
    }
    await settledWithin(handlers, handlerGraceMs);
    return { completed: state.completed, aborted: state.aborted };
  }

  #run<T>(call: ServerCall, handle: () => Awaitable<T>): Awaitable<T> {
    if (this.#state.phase === "draining") throw grpcErrorOf(drainingError());
    let answer: Awaitable<T>;
    try {
      answer = handle();
    } catch (error) {
      throw translatedError(error, call, this.#log);
    }
    if (typeof (answer as Partial<PromiseLike<T>> | undefined)?.then !== "function") return answer;
    this.#unanswered.set(call, answer as PromiseLike<T>);
    return (answer as PromiseLike<T>).then(
      (value) => {
        this.#answered(call, "completed");
        return value;
      },
      (error: unknown) => {
        this.#answered(call, isDraining(error) ? "aborted" : "completed");
        throw translatedError(error, call, this.#log);
      },
    );
  }

  #answered(call: ServerCall, how: keyof DrainCounts): void {
    if (!this.#unanswered.delete(call) || this.#state.phase !== "draining") return;
    this.#state[how]++;
    if (this.#unanswered.size === 0) this.#state.whenIdle();
  }
}

async function settledWithin(handlers: readonly PromiseLike<unknown>[], graceMs: number): Promise<void> {
  if (handlers.length === 0) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, graceMs);
  Promise.allSettled(handlers).then(() => resolve());
  await promise;
  clearTimeout(timer);
}

function isDraining(error: unknown): boolean {
  return error instanceof GatewayError && error.reason === "DRAINING";
}

/** What a call gets that arrives at, or does not finish on, a plugin that is about to end. */
export function drainingError(): GatewayError {
  return new GatewayError(
    "DRAINING",
    "The plugin is draining and takes no new calls. Try again: another process takes over.",
  );
}
