import { parseSize } from "./quantity.js";

/** A configured backend, as far as a choice depends on it. */
export interface Offer {
  /** Its name in prism.yaml. */
  readonly backend: string;
  /** Its plugin's short name. */
  readonly plugin: string;
  /** What the plugin says of its patterns; `undefined`: its package says nothing. */
  readonly patterns: ReadonlyMap<string, OfferedPattern> | undefined;
  /** How it is set, as far as figures depend on it. Not given: as the plugin has it by default. */
  readonly facts?: OfferFacts;
  /** Why nothing new can be put there now, such as that it does not answer. Not given: it can. */
  readonly away?: string;
}

/** Settings of a backend that figures depend on. Not set: as the plugin, or the system behind it, has it. */
export interface OfferFacts {
  /** How many replicas new data gets: `replication_factor`, `replicas`. */
  readonly replicas?: number;
  /** The most bytes that it may hold: `max_bytes`. */
  readonly bytesMax?: number;
  /** The most connections that calls share: `pool_size`. */
  readonly connectionsMax?: number;
}

/** What a plugin says of one pattern. */
export interface OfferedPattern {
  readonly capabilities: readonly string[];
  /** What an acknowledged write survives. */
  readonly durability: "ephemeral" | "disk" | "backend" | undefined;
  /** The largest payload or value, in bytes; `undefined`: not said. */
  readonly itemBytesMax: number | undefined;
}

/** The facts in the settings of a backend, as they are written in prism.yaml. What is none is left out. */
export function factsOf(settings: Readonly<Record<string, unknown>>): OfferFacts {
  const { replication_factor, replicas = replication_factor, max_bytes, pool_size } = settings;
  const bytesMax = typeof max_bytes === "string" ? parseSize(max_bytes) : max_bytes;
  return {
    ...(typeof replicas === "number" && { replicas }),
    ...(typeof bytesMax === "number" && { bytesMax }),
    ...(typeof pool_size === "number" && { connectionsMax: pool_size }),
  };
}
