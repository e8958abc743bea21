import { type GrpcError, GrpcError as GrpcFailure, type GrpcMethod } from "@prism-data/transport";
import { GatewayError } from "../errors.js";
import type { Awaitable } from "../patterns/key-value.js";
import type { Logger } from "../plugin.js";
import { grpcErrorOf } from "../protocol/status.js";

/** How many calls a drain let finish, and how many it did not. */
export interface DrainCounts {
  readonly completed: number;
  readonly aborted: number;
}

type State =
  | { readonly phase: "open" }
  | { readonly phase: "draining"; completed: number; aborted: number; readonly whenIdle: () => void };

/** An unanswered call: what ends it early. */
type Abort = (error: GrpcError) => void;

/** Knows the apps' calls that are not answered yet, so that a drain can wait for them and then end them. */
export class CallsInFlight {
  readonly #log: Logger;
  readonly #unanswered = new Set<Abort>();
  #state: State = { phase: "open" };

  constructor(log: Logger) {
    this.#log = log;
  }

  get count(): number {
    return this.#unanswered.size;
  }

  /** The same method, counted, refused while draining, and with every error translated to a status. */
  counted(method: GrpcMethod): GrpcMethod {
    if (method.kind === "stream") {
      return { kind: "stream", handle: (call) => this.#run(() => method.handle(call), call.path) as Promise<void> };
    }
    return { kind: "unary", handle: (message, call) => this.#run(() => method.handle(message, call), call.path) };
  }

  /** Takes no new calls, waits for those in flight at most `graceMs`, and ends the rest with `DRAINING`. Call it once. */
  async drain(graceMs: number): Promise<DrainCounts> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const state = { phase: "draining" as const, completed: 0, aborted: 0, whenIdle: resolve };
    this.#state = state;
    if (this.#unanswered.size > 0) {
      const timer = setTimeout(resolve, graceMs);
      await promise;
      clearTimeout(timer);
    }
    for (const abort of [...this.#unanswered]) abort(grpcErrorOf(drainingError()));
    return { completed: state.completed, aborted: state.aborted };
  }

  #run<T>(handle: () => Awaitable<T>, path: string): Awaitable<T> {
    if (this.#state.phase === "draining") throw grpcErrorOf(drainingError());
    let answer: Awaitable<T>;
    try {
      answer = handle();
    } catch (error) {
      throw translated(error, path, this.#log);
    }
    const pending = answer as Partial<PromiseLike<T>>;
    return typeof pending?.then === "function" ? this.#untilAnswered(answer as PromiseLike<T>, path) : answer;
  }

  #untilAnswered<T>(answer: PromiseLike<T>, path: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const abort: Abort = (error) => {
        if (this.#ended(abort, "aborted")) reject(error);
      };
      this.#unanswered.add(abort);
      answer.then(
        (value) => {
          if (this.#ended(abort, "completed")) resolve(value);
        },
        (error: unknown) => {
          if (this.#ended(abort, isDraining(error) ? "aborted" : "completed"))
            reject(translated(error, path, this.#log));
        },
      );
    });
  }

  #ended(call: Abort, how: keyof DrainCounts): boolean {
    if (!this.#unanswered.delete(call)) return false;
    if (this.#state.phase === "draining") {
      this.#state[how]++;
      if (this.#unanswered.size === 0) this.#state.whenIdle();
    }
    return true;
  }
}

/** Turns what a method threw into a status, and logs what nobody expected. */
export function translated(error: unknown, path: string, log: Logger): GrpcError {
  if (!(error instanceof GatewayError) && !(error instanceof GrpcFailure)) {
    log.error({ err: error, path }, "a call met a defect in the plugin");
  } else if (error instanceof GatewayError && isDefect(error)) {
    log.error({ err: error, path, reason: error.reason }, "a call failed");
  }
  return grpcErrorOf(error);
}

/** Whose cause stands in the plugin's log only. */
function isDefect(error: GatewayError): boolean {
  return error.reason === "INTERNAL" || error.reason === "BACKEND_FAILED";
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
