/** A configured backend, as far as a choice depends on it. */
export interface Offer {
  /** Its name in prism.yaml. */
  readonly backend: string;
  /** Its plugin's short name. */
  readonly plugin: string;
  /** What the plugin says of its patterns; `undefined`: its package says nothing. */
  readonly patterns: ReadonlyMap<string, OfferedPattern> | undefined;
}

/** What a plugin says of one pattern. */
export interface OfferedPattern {
  readonly capabilities: readonly string[];
  /** What an acknowledged write survives. */
  readonly durability: "ephemeral" | "disk" | "backend" | undefined;
  /** The largest payload or value, in bytes; `undefined`: not said. */
  readonly itemBytesMax: number | undefined;
}
