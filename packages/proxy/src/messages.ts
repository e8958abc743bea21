import type { Reason } from "@prism-data/pattern-sdk/protocol";

/**
 * What supervision and data path tell each other. Plain, structured-cloneable values only, so that the two can live in
 * different threads.
 */

/** From supervision to the data path. */
export type ToDataPath =
  /** The whole routing table, swapped at once. A table with an older generation than the last one is ignored. */
  | { readonly type: "routes"; readonly generation: number; readonly routes: RouteTable }
  /**
   * A plugin process is ready: connect to it. Once connected, new calls go there and to the other replicas; an older instance of the same
   * replica only finishes. Its namespaces may still be being bound: calls to one wait for `namespace-tried`, which `namespace-awaited`
   * asks for, or for `namespaces-tried`.
   */
  | ({
      readonly type: "backend-ready";
      readonly backend: string;
      readonly instance: number;
      readonly replica: number;
    } & PluginEndpoint)
  /** A plugin process has bound a namespace, or said why not: it knows how to answer calls to it. */
  | {
      readonly type: "namespace-tried";
      readonly backend: string;
      readonly instance: number;
      readonly namespace: string;
    }
  /** The same of all namespaces. */
  | { readonly type: "namespaces-tried"; readonly backend: string; readonly instance: number }
  /** A plugin process takes no calls any more. `crashed`: calls in flight were lost. `draining`: they may finish; say `instance-idle` then. */
  | {
      readonly type: "backend-gone";
      readonly backend: string;
      readonly instance: number;
      readonly reason: "crashed" | "draining" | "stopped";
      readonly detail: string;
    }
  /** How a backend is, for the messages of refused calls. Why is for operators: a dying plugin's last words may hold a secret. */
  | { readonly type: "backend-state"; readonly backend: string; readonly state: BackendState }
  /** What the namespaces hold that may not hold more than so much, as last counted; all of them at once. */
  | { readonly type: "storage"; readonly bytes: ReadonlyMap<string, number> }
  /** Refuse new calls, wait for those in flight, abort the rest after the grace, answer `drained`. */
  | { readonly type: "drain"; readonly graceMs: number };

/** From the data path to supervision. */
export type FromDataPath =
  /** New calls of the replica go to this instance now. */
  | { readonly type: "instance-connected"; readonly backend: string; readonly instance: number }
  /** Calls wait for a namespace: bind it before the others, and say `namespace-tried`. Told once. */
  | {
      readonly type: "namespace-awaited";
      readonly backend: string;
      readonly instance: number;
      readonly namespace: string;
    }
  /** No call is left on an instance that is `draining`. */
  | { readonly type: "instance-idle"; readonly backend: string; readonly instance: number }
  /** The answer to `drain`. */
  | { readonly type: "drained"; readonly completed: number; readonly aborted: number };

/** How calls reach a plugin process. */
export interface PluginEndpoint {
  readonly socket: string;
  readonly token: string | undefined;
  /** It can be told at once of any number of calls that are given up. */
  readonly takesCancels: boolean;
}

/**
 * The life of a plugin process, and of the backend that it serves. `crash_loop`: it failed to start too often and is only tried now and
 * then. `disabled`: an operator wants none.
 */
export type BackendState = "starting" | "ready" | "draining" | "exited" | "crash_loop" | "disabled";

/** Where calls go. Immutable once sent. Maps, because names are any text, `constructor` included. */
export interface RouteTable {
  /** By the namespace's name. */
  readonly namespaces: ReadonlyMap<string, NamespaceRoute>;
  /** By the name of what is no namespace now, but was or is to be one. */
  readonly unserved: ReadonlyMap<string, Unserved>;
  /** By the full name of a gRPC service that one backend serves whole. */
  readonly services: ReadonlyMap<string, ServiceRoute>;
  /** The patterns that the ready backends offer, sorted; for reflection. */
  readonly patterns: readonly string[];
}

/** What the apps of one namespace may do together; `undefined`: as much as they like. */
export interface Quota {
  /** Calls that may begin in a second, on average. */
  readonly callsPerSecond: number | undefined;
  /** Calls that may begin at once after a quiet time. */
  readonly burst: number | undefined;
  /** Calls that may be under way at once. */
  readonly callsInFlight: number | undefined;
  /** Bytes of request and answer messages in a second together, on average. */
  readonly bytesPerSecond: number | undefined;
  /** Bytes that they may have stored. */
  readonly storageBytes: number | undefined;
}

/** What calls to a name are refused with that is no namespace now. */
export interface Unserved {
  readonly reason: Reason;
  /** For the apps, one sentence or more. */
  readonly message: string;
}

/** Where a namespace's calls go, or why they cannot go anywhere. */
export type NamespaceRoute =
  | {
      readonly state: "bound";
      readonly pattern: string;
      readonly backend: string;
      readonly timeoutMs: number;
      readonly capabilities: readonly string[];
      readonly quota: Quota | undefined;
    }
  | {
      readonly state: "pending" | "failed";
      readonly pattern: string;
      readonly backend: string;
      readonly timeoutMs: number;
      readonly capabilities: readonly [];
      readonly reason: string;
      /** What calls are answered with. Not set: NAMESPACE_UNAVAILABLE. */
      readonly refusedAs?: Reason;
    };

/** A plugin's own gRPC service. */
export interface ServiceRoute {
  readonly backend: string;
  /** The plugin's serialized FileDescriptorSet; empty until it has started, or when it has none. */
  readonly fileDescriptorSet: Uint8Array;
}

/** One end of a channel: the part of a `MessagePort` that both halves use. */
export interface MessagePortLike<Incoming, Outgoing> {
  postMessage(message: Outgoing): void;
  onmessage: ((event: { readonly data: Incoming }) => void) | null;
}

/**
 * Two connected ends inside one thread. Like with a real `MessageChannel`, messages arrive later, in order, never inside
 * `postMessage`; they wait until `onmessage` is set.
 */
export function createPortPair<A, B>(): [MessagePortLike<A, B>, MessagePortLike<B, A>] {
  const left = new LocalPort<A, B>();
  const right = new LocalPort<B, A>();
  left.peer = right;
  right.peer = left;
  return [left, right];
}

class LocalPort<Incoming, Outgoing> implements MessagePortLike<Incoming, Outgoing> {
  peer: LocalPort<Outgoing, Incoming> | undefined;
  #handler: ((event: { readonly data: Incoming }) => void) | null = null;
  #waiting: Incoming[] = [];

  get onmessage(): ((event: { readonly data: Incoming }) => void) | null {
    return this.#handler;
  }

  set onmessage(handler: ((event: { readonly data: Incoming }) => void) | null) {
    this.#handler = handler;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const message of waiting) queueMicrotask(() => this.#deliver(message));
  }

  postMessage(message: Outgoing): void {
    const peer = this.peer;
    if (peer !== undefined) queueMicrotask(() => peer.#deliver(message));
  }

  #deliver(message: Incoming): void {
    if (this.#handler === null) this.#waiting.push(message);
    else this.#handler({ data: message });
  }
}
