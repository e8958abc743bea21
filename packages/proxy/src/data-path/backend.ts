import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import type { BackendState, FromDataPath, ToDataPath } from "../messages.js";
import type { Logger } from "../telemetry/log.js";
import { BackendLink, type CallCount, type LinkEvents } from "./backend-link.js";
import { ByteBudget } from "./byte-budget.js";
import { chooseLink, type ReplicatedCall } from "./choose-link.js";
import { type Failure, failureOf } from "./failure.js";
import { crashLoopRetryAfterMs, waitingBytesMax, waitingCallsMax } from "./limits.js";

/** A call that waits for its backend. Exactly one of the two is called, unless it stops waiting first. */
export interface WaitingCall {
  /** `undefined`: of a service that is routed whole. */
  readonly namespace: string | undefined;
  onBackendReady(): void;
  onBackendRefused(failure: Failure): void;
}

type Ready = ToDataPath & { type: "backend-ready" };
type Tried = ToDataPath & { type: "namespace-tried" | "namespaces-tried" };
type Gone = ToDataPath & { type: "backend-gone" };

/** One backend as calls see it: the plugin processes that new calls go to, older ones that finish, and calls that wait for the next. */
export class Backend implements LinkEvents {
  readonly name: string;
  /** The requests of the calls that wait. Each backend has its own: one that is away takes no room from the others. */
  readonly waitingBytes = new ByteBudget(waitingBytesMax);
  readonly #tell: (message: FromDataPath) => void;
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #links = new Map<number, BackendLink>();
  readonly #draining = new Set<BackendLink>();
  readonly #waiting = new Set<WaitingCall>();
  readonly #callCounts: (replica: number) => CallCount;
  /** The process of each replica that new calls go to. */
  #serving: readonly BackendLink[] = [];
  #turn = 0;
  #state: BackendState = "starting";

  constructor(
    name: string,
    options: {
      tell: (message: FromDataPath) => void;
      log: Logger;
      onChange: () => void;
      callCounts: (replica: number) => CallCount;
    },
  ) {
    this.name = name;
    this.#callCounts = options.callCounts;
    this.#tell = options.tell;
    this.#log = options.log;
    this.#onChange = options.onChange;
  }

  /** Whether a call would be sent at once. */
  get isReady(): boolean {
    return this.#serving.some((link) => link.isOpen);
  }

  /** Nothing is connected or waits: forgetting it loses nothing. */
  get isUnused(): boolean {
    return this.#links.size === 0 && this.#waiting.size === 0;
  }

  /** What callers are told of it. */
  get condition(): string {
    return this.#state;
  }

  /** Where a new call goes now. `undefined`: it has to wait. */
  linkForNewCall(call: ReplicatedCall): BackendLink | undefined {
    const only = this.#serving.length === 1 ? this.#serving[0] : undefined;
    if (only?.isOpen === true) return only.gate.admits(call.namespace) ? only : undefined;
    for (const link of this.#serving) link.renew();
    const open = this.#serving.filter((link) => link.isOpen && link.gate.admits(call.namespace));
    return chooseLink(open, call, this.#turn++);
  }

  /** Lets a call wait for the next plugin process. Answers why it cannot. */
  wait(call: WaitingCall): Failure | undefined {
    if (isHopeless(this.#state)) return this.unavailable();
    if (this.#waiting.size >= waitingCallsMax) return this.tooManyWait();
    this.#waiting.add(call);
    return undefined;
  }

  stopWaiting(call: WaitingCall): void {
    this.#waiting.delete(call);
  }

  /** A plugin process is ready. It gets new calls once it is connected; until then the one before it does. */
  ready(message: Ready): void {
    if (this.#links.has(message.instance)) return;
    const parts = { events: this, log: this.#log, calls: this.#callCounts(message.replica) };
    this.#links.set(message.instance, new BackendLink(message, parts));
  }

  /** A plugin process can be sent the calls of a namespace, or of all. */
  tried(message: Tried): void {
    const link = this.#links.get(message.instance);
    if (link === undefined) return;
    const namespace = message.type === "namespace-tried" ? message.namespace : undefined;
    link.gate.admit(namespace);
    if (!this.#serving.includes(link)) return;
    this.#wake((call) => namespace === undefined || call.namespace === namespace);
  }

  /** A plugin process takes no calls any more. */
  gone({ instance, reason }: Gone): void {
    const link = this.#links.get(instance);
    if (link === undefined) return;
    this.#serving = this.#serving.filter((serving) => serving !== link);
    if (reason === "draining") {
      this.#draining.add(link);
      if (link.calls === 0) this.onIdle(link);
    } else {
      this.#links.delete(instance);
      this.#draining.delete(link);
      link.close();
    }
    this.#onChange();
  }

  /** How the backend is, by its supervisor. */
  setState(state: BackendState): void {
    this.#state = state;
    if (isHopeless(state) && this.#serving.length === 0) this.#refuseWaiting(this.unavailable());
    this.#onChange();
  }

  onAwaited({ instance }: BackendLink, namespace: string): void {
    this.#tell({ type: "namespace-awaited", backend: this.name, instance, namespace });
  }

  onConnected(link: BackendLink): void {
    if (this.#links.get(link.instance) !== link || this.#draining.has(link)) return;
    const before = this.#serving.find(({ replica }) => replica === link.replica);
    if (before !== undefined && before.instance > link.instance) return;
    const isFirstTime = before !== link;
    if (isFirstTime) this.#serving = [...this.#serving.filter((serving) => serving !== before), link];
    if (isFirstTime) this.#tell({ type: "instance-connected", backend: this.name, instance: link.instance });
    this.#onChange();
    this.#wake(() => true);
  }

  onIdle(link: BackendLink): void {
    if (!this.#draining.delete(link)) return;
    link.retire();
    this.#tell({ type: "instance-idle", backend: this.name, instance: link.instance });
  }

  /** How a call ends that need not wait. */
  unavailable(): Failure {
    if (this.#state === "disabled") return failureOf(disabled(this.name));
    return failureOf(
      new GatewayError(
        "PLUGIN_UNAVAILABLE",
        `The plugin of backend "${this.name}" cannot take the call; it is ${this.condition}. The admin port's /readyz?verbose and \`prism plugin list\` say why.`,
        {
          metadata: { backend: this.name, state: this.#state },
          retryAfterMs: this.#state === "crash_loop" ? crashLoopRetryAfterMs : undefined,
        },
      ),
    );
  }

  /** Closes what is open; calls in flight are lost, calls that wait are refused. */
  close(): void {
    this.#refuseWaiting(this.unavailable());
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
    this.#serving = [];
  }

  #wake(isMeant: (call: WaitingCall) => boolean): void {
    const woken = [...this.#waiting].filter(isMeant);
    for (const call of woken) this.#waiting.delete(call);
    for (const call of woken) call.onBackendReady();
  }

  #refuseWaiting(failure: Failure): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const call of waiting) call.onBackendRefused(failure);
  }

  /** How a call ends that finds no room to wait. */
  tooManyWait(): Failure {
    return failureOf(
      new GatewayError(
        "OVERLOADED",
        `As many calls as may already wait for backend "${this.name}", which is ${this.condition}; come again later.`,
        { metadata: { backend: this.name } },
      ),
    );
  }
}

/** A call that waited would wait in vain. */
function isHopeless(state: BackendState): boolean {
  return state === "crash_loop" || state === "disabled";
}

function disabled(backend: string): GatewayError {
  const text = `Backend "${backend}" is disabled by an operator; \`prism backend enable ${backend}\` takes it back into service.`;
  return new GatewayError("BACKEND_DISABLED", text, { metadata: { backend } });
}
