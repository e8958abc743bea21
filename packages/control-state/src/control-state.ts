import type { DisabledBackend } from "./disabled-backend.js";
import type { NamespaceEntry, StoredNamespace, StoredSchema } from "./stored-namespace.js";

/** What to do with one namespace. `etag`: of the state that whoever asks has seen. */
export type Write =
  /** Declares it, or changes it to this. `etag` `undefined`: it must not exist; one that is deleted and not yet purged exists. */
  | {
      readonly kind: "put";
      readonly name: string;
      readonly entry: NamespaceEntry;
      readonly schema?: StoredSchema;
      readonly etag: string | undefined;
    }
  /**
   * Deletes it in such a way that it can be restored. One that is deleted already keeps its `deleteTimeMs`, and takes the rest.
   * `deletesData`: see `Deletion`.
   */
  | {
      readonly kind: "delete";
      readonly name: string;
      readonly etag: string;
      readonly purgeTimeMs: number;
      readonly deletesData: boolean;
    }
  /** Takes a deletion back. */
  | { readonly kind: "restore"; readonly name: string; readonly etag: string }
  /** Forgets one that is deleted. */
  | { readonly kind: "purge"; readonly name: string; readonly etag: string };

/** Everything that is stored, as of one moment. */
export interface ControlSnapshot {
  /** Differs whenever something differs. Opaque. */
  readonly revision: string;
  /** By name, those that are deleted and not yet purged among them. */
  readonly namespaces: readonly StoredNamespace[];
  /** By name. */
  readonly disabledBackends: readonly DisabledBackend[];
}

export interface WriteOptions {
  /** The revision that the writes were decided on: when the state has another, nothing is written. Default: any. */
  readonly revision?: string;
  /** Gives up while the write has not begun. */
  readonly signal?: AbortSignal;
}

/** What became of writes. */
export interface Written {
  /** The revision that they made. */
  readonly revision: string;
  /** One for each write, in their order: as it is now; one that was purged, as it was last. */
  readonly namespaces: readonly StoredNamespace[];
}

/** Whether the store answers. */
export type Reachability = { readonly isReachable: true } | { readonly isReachable: false; readonly why: string };

/** Hears what happens to the state. Neither is called while `subscribe` runs; neither may throw. */
export interface ControlListener {
  /** Something has changed, by this process or another one. Several changes may be told as one. */
  onChange(revision: string): void;
  /** The store was lost or is back. Changes that were made meanwhile are told by `onChange` after it. */
  onReachability(reachability: Reachability): void;
}

/**
 * Where what was declared over the admin API is kept. Any number of processes may use the same one.
 *
 * What fails throws `ControlStateError`. All methods may be called at any time and at once.
 */
export interface ControlState extends AsyncDisposable {
  /** Where it is, for people: no secrets. */
  readonly place: string;
  readonly reachability: Reachability;
  /** Rejects with `unavailable` while the store is away, with `invalid` while it holds what this version cannot use. */
  read(): Promise<ControlSnapshot>;
  /**
   * Does all writes or none, durably. A name may occur once. Rejects with `conflict`, naming all that stand in the way, and like `read`;
   * after `unavailable` the writes may have been done all the same when `mayBeDone` says so.
   */
  write(writes: readonly Write[], options?: WriteOptions): Promise<Written>;
  /** Takes a backend out of service for the reason that is given, or back into it when there is none. Durable; rejects like `read`. */
  switchBackend(name: string, disabled: { readonly reason: string } | undefined): Promise<void>;
  /** Calls the listener until it is disposed of. Whoever subscribes first and then reads misses nothing. */
  subscribe(listener: ControlListener): Disposable;
  /** Copies the state as of one moment into a new file, beside running proxies. SQLite only: rejects with `invalid` elsewhere. */
  backup(file: string): Promise<void>;
}
