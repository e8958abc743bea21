import type { Problem } from "./problem.js";
import { parseCount, parseDuration, parseGibibytes, parseRetention, parseSeconds, parseSize } from "./quantity.js";

const accessPatterns = ["append_heavy", "read_heavy", "write_heavy", "balanced"] as const;
export type AccessPattern = (typeof accessPatterns)[number];

const plannedPatterns = ["key-value", "pub-sub", "stream", "queue", "relational"] as const;
export type PlannedPattern = (typeof plannedPatterns)[number];

export const durabilities = ["backend", "disk"] as const;

/** What a read sees, the weakest first. */
export const consistencies = ["eventual", "causal", "strong"] as const;
export type Consistency = (typeof consistencies)[number];

export const orderings = ["none", "per_key", "total"] as const;
export type Ordering = (typeof orderings)[number];

/** The size of a message of which nothing is said, in bytes. */
const itemBytesDefault = 1_024;

/** What an app needs of one namespace. */
export interface Needs {
  readonly namespace: string;
  /** The full name of the message that says so. */
  readonly message: string;
  readonly pattern: PlannedPattern;
  readonly accessPattern: AccessPattern;
  /** Calls a second at the busiest time; `undefined`: not said. */
  readonly readsPerSecond: number | undefined;
  readonly writesPerSecond: number | undefined;
  /** Bytes of a message, as they are on average. */
  readonly itemBytes: number;
  /** Bytes of the largest message. */
  readonly largestItemBytes: number;
  /** Bytes of all payloads that are kept at a time; `undefined`: not said. */
  readonly dataBytes: number | undefined;
  /** How long data is kept, in ms; `undefined`: for ever. */
  readonly retentionMs: number | undefined;
  /** How long a key lives, in ms; `undefined`: until it is deleted. */
  readonly ttlMs: number | undefined;
  readonly durability: (typeof durabilities)[number] | undefined;
  readonly consistency: Consistency | undefined;
  readonly ordering: Ordering | undefined;
  /** Whether what was read is read again from an earlier place. */
  readonly replay: boolean;
  /** How long a usual call may take, in ms; `undefined`: not said. */
  readonly latencyMs: number | undefined;
  /** Reads may come from a cache; `undefined`: not said. */
  readonly cache: { readonly ttlMs: number | undefined } | undefined;
  readonly owners: readonly string[];
  readonly consumers: readonly string[];
  /** The backend that the app names. */
  readonly backend: string | undefined;
  /** The fields of which something is said. */
  readonly fields: readonly WrittenField[];
}

/** The options of one message as they are written, by name. */
export interface WrittenNeeds {
  /** The full name of the message, such as `acme.UserEvents`. */
  readonly message: string;
  readonly options: ReadonlyMap<string, string>;
  /** The fields that carry options. Not given: none. */
  readonly fields?: readonly WrittenField[];
}

/** The options of one field. */
export interface WrittenField {
  /** Its path in the message, such as `email` or `address.street`. */
  readonly name: string;
  readonly options: ReadonlyMap<string, string>;
}

const timeExample = "a time such as 30s, 15m or 24h";
const sizeExample = "a size such as 400B, 4KiB or 1MiB";

/** Reads the options of a message; what is wrong goes to `problems`. */
export function readNeeds({ message, options, fields = [] }: WrittenNeeds, problems: Problem[]): Needs {
  const reader = new OptionReader(message, options, problems);
  const accessPattern = reader.oneOf("access_pattern", accessPatterns) ?? "balanced";
  const pattern =
    reader.oneOf("pattern", plannedPatterns) ?? (accessPattern === "append_heavy" ? "stream" : "key-value");
  const retentionMs = reader.quantity("retention_days", parseRetention, "days, or a time such as 36h, 90d or 12w");
  const itemBytes = reader.quantity("item_size", parseSize, sizeExample) ?? itemBytesDefault;
  const dataSize = "a size such as 500MiB, 20GiB or 2TiB";
  const cacheTtlMs = reader.quantity("cache_ttl_seconds", parseSeconds, "seconds, or a time such as 5m");
  const backend = options.get("backend");
  return {
    namespace: namespaceOf({ message, options }),
    message,
    pattern,
    accessPattern,
    ...ratesOf(reader, accessPattern),
    itemBytes,
    largestItemBytes: reader.quantity("max_message_size", parseSize, sizeExample) ?? itemBytes,
    dataBytes:
      reader.quantity("data_size", parseSize, dataSize) ??
      reader.quantity("estimated_data_size_gb", parseGibibytes, "a number of GiB"),
    retentionMs: retentionMs === 0 ? undefined : retentionMs,
    ttlMs: reader.quantity("ttl", parseDuration, timeExample),
    durability: reader.oneOf("durability", durabilities),
    consistency: reader.oneOf("consistency", consistencies),
    ordering: reader.oneOf("ordering", orderings),
    replay: options.get("replay") === "true",
    latencyMs: reader.quantity("latency_target", parseDuration, "a time such as 5ms or 1s"),
    cache: options.get("enable_cache") === "true" ? { ttlMs: cacheTtlMs } : undefined,
    owners: reader.names("owners"),
    consumers: reader.names("consumers"),
    backend: backend === "auto" ? undefined : backend,
    fields,
  };
}

/** The name of the namespace that needs are about. */
export function namespaceOf({ message, options }: WrittenNeeds): string {
  return options.get("namespace") ?? dashed(message);
}

function ratesOf(reader: OptionReader, accessPattern: AccessPattern) {
  const rate = (name: string) => reader.quantity(name, parseCount, "a whole number, such as 10000 or 10k");
  const calls = rate("estimated_rps");
  const writes = accessPattern === "append_heavy" || accessPattern === "write_heavy";
  const half = calls === undefined ? undefined : Math.ceil(calls / 2);
  return {
    readsPerSecond: rate("estimated_read_rps") ?? (writes ? undefined : accessPattern === "balanced" ? half : calls),
    writesPerSecond: rate("estimated_write_rps") ?? (writes ? calls : accessPattern === "balanced" ? half : undefined),
  };
}

class OptionReader {
  readonly #message: string;
  readonly #options: ReadonlyMap<string, string>;
  readonly #problems: Problem[];

  constructor(message: string, options: ReadonlyMap<string, string>, problems: Problem[]) {
    this.#message = message;
    this.#options = options;
    this.#problems = problems;
  }

  oneOf<Value extends string>(name: string, values: readonly Value[]): Value | undefined {
    const text = this.#options.get(name);
    const value = values.find((known) => known === text);
    if (text !== undefined && value === undefined) this.#refuse(name, text, `one of ${values.join(", ")}`);
    return value;
  }

  quantity(name: string, parse: (text: string) => number | undefined, what: string): number | undefined {
    const text = this.#options.get(name);
    if (text === undefined) return undefined;
    const value = parse(text);
    if (value === undefined) this.#refuse(name, text, what);
    return value;
  }

  names(name: string): readonly string[] {
    const all = this.#options.get(name)?.split(",") ?? [];
    return all.map((one) => one.trim()).filter((one) => one !== "");
  }

  #refuse(name: string, text: string, what: string): void {
    this.#problems.push({ at: `${this.#message} (prism.${name})`, message: `${JSON.stringify(text)} is not ${what}` });
  }
}

/** `acme.UserEvents` is `user-events`. */
function dashed(message: string): string {
  return message
    .slice(message.lastIndexOf(".") + 1)
    .replace(/([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])/g, "$1$3-$2$4")
    .toLowerCase();
}
