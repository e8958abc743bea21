import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { DeadlineWheel, Roster } from "@prism-data/transport";
import type { Limits } from "../config/limits.js";
import { listNames } from "../routing/name-list.js";
import { NotBoundError, type RouteLookup } from "../routing/route-lookup.js";
import type { Metrics } from "../telemetry/metrics.js";
import { type AnswerBacklog, UnreadBytes } from "./answer-backlog.js";
import type { Backend } from "./backend.js";
import { ByteBudget } from "./byte-budget.js";
import type { Call } from "./call.js";
import { callsOverloaded } from "./call-failures.js";
import { type Failure, failureOf, failureOfThrown } from "./failure.js";
import { heldBackBytesMax, retainedBytesMax, unroutedBytesMax } from "./limits.js";

/** What all calls share. */
export class Forwarding {
  readonly metrics: Metrics;
  readonly messageBytesMax: number;
  /** How long a call may stay open without the message that names its namespace. Nothing waits without a deadline. */
  readonly firstMessageWaitMs: number;
  readonly now: () => number;
  readonly wheel: DeadlineWheel;
  readonly unread: UnreadBytes;
  /** Requests in flight that are kept to be sent again. When it is used up, they are not kept. */
  readonly retainedBytes = new ByteBudget(retainedBytesMax);
  /** Beginnings of requests whose namespace has not come yet. */
  readonly unroutedBytes = new ByteBudget(unroutedBytesMax);
  /** Requests of calls that wait until their apps read. */
  readonly heldBackBytes = new ByteBudget(heldBackBytesMax);
  /** How a call ends that is one too many. */
  readonly overloaded: Failure;
  /** Swapped whole; a call uses what it found. */
  routes: RouteLookup;
  readonly #backend: (name: string) => Backend;
  readonly #builtInServices: readonly string[];
  readonly #callsMax: number;
  readonly #calls = new Roster<Call>();
  /** Calls that ended since the start. */
  endedCount = 0;

  constructor(options: {
    metrics: Metrics;
    limits: Pick<Limits, "messageBytes" | "callsInFlight" | "unreadBytes" | "requestTimeoutMs">;
    routes: RouteLookup;
    backend: (name: string) => Backend;
    builtInServices: readonly string[];
    now: () => number;
  }) {
    this.metrics = options.metrics;
    this.messageBytesMax = options.limits.messageBytes;
    this.firstMessageWaitMs = options.limits.requestTimeoutMs;
    this.now = options.now;
    this.wheel = new DeadlineWheel(options.now);
    this.routes = options.routes;
    this.#backend = options.backend;
    this.#builtInServices = options.builtInServices;
    this.unread = new UnreadBytes(options.limits.unreadBytes);
    this.#callsMax = options.limits.callsInFlight;
    this.overloaded = callsOverloaded(this.#callsMax);
  }

  /** Calls in flight. */
  get callsInFlight(): number {
    return this.#calls.size;
  }

  /** Counts a call in. Answers why it must end at once; it is counted out by `ended` then, too. */
  admit(call: Call): Failure | undefined {
    this.#calls.add(call);
    return this.#calls.size > this.#callsMax ? this.overloaded : undefined;
  }

  ended(call: Call): void {
    this.#calls.delete(call);
    this.endedCount += 1;
  }

  backend(name: string): Backend {
    return this.#backend(name);
  }

  /** Why a namespace has no route. One that is not bound because its plugin does not run is the plugin's failure. */
  whyUnrouted(error: unknown): Failure {
    if (!(error instanceof NotBoundError)) return failureOfThrown(error);
    const backend = this.#backend(error.backend);
    // What the binding says itself is the better reason.
    return backend.isReady || error.reason !== "NAMESPACE_UNAVAILABLE" ? failureOfThrown(error) : backend.unavailable();
  }

  /** Takes back from the plugins what an app has no room for, so that they do not make answers in vain. */
  recall(backlog: AnswerBacklog): void {
    for (const call of this.#calls.members()) call.recall(backlog);
  }

  /** Ends every call in flight; answers how many. */
  abortAll(failure: Failure): number {
    const calls = this.#calls.members();
    for (const call of calls) call.abort(failure);
    return calls.length;
  }

  /** How a call ends that nobody serves. */
  methodNotFound(path: string): Failure {
    const served = [...this.routes.servedServices(), ...this.#builtInServices];
    const service = path.slice(1, Math.max(1, path.lastIndexOf("/")));
    const text = served.includes(service)
      ? `${service} has no method ${path.slice(path.lastIndexOf("/") + 1)}.`
      : `No method is served at ${path}. Services: ${listNames(served)}.`;
    return failureOf(new GatewayError("METHOD_NOT_FOUND", text));
  }
}
