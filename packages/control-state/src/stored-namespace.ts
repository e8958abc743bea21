/** A value that JSON can hold. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A namespace as `prism.yaml` would have it: keys in snake_case. */
export type NamespaceEntry = Readonly<Record<string, JsonValue>>;

/** What the app that declared a namespace keeps in it, as its own .proto says. */
export interface StoredSchema {
  /** The full name of the message. */
  readonly message: string;
  /** A serialized `google.protobuf.FileDescriptorSet` that holds the message and all that it needs. */
  readonly files: Uint8Array;
}

/** When a namespace was deleted and how long it can be restored. */
export interface Deletion {
  readonly deleteTimeMs: number;
  /** From then on it may be purged. Nothing purges it by itself. */
  readonly purgeTimeMs: number;
  /** Whether whoever deleted it consented that the purge deletes its data too. */
  readonly deletesData: boolean;
}

/** A namespace that was declared over the admin API. Times are in ms since 1970. */
export interface StoredNamespace {
  readonly name: string;
  readonly entry: NamespaceEntry;
  readonly schema?: StoredSchema;
  /** Changes with every write, and never comes back: not after a purge, and not after a backup was restored. Opaque. */
  readonly etag: string;
  readonly createTimeMs: number;
  /** The time of the last write of any kind. */
  readonly updateTimeMs: number;
  /** Given: it is deleted, and can be restored. */
  readonly deletion?: Deletion;
}
