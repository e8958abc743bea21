import type { Problem } from "./problem.js";
import { parseCount, parseRetention, parseSize } from "./quantity.js";

export const accessPatterns = ["append_heavy", "read_heavy", "write_heavy", "balanced"] as const;
export type AccessPattern = (typeof accessPatterns)[number];

export const plannedPatterns = ["key-value", "pub-sub", "stream", "queue", "relational"] as const;
export type PlannedPattern = (typeof plannedPatterns)[number];

export const durabilities = ["backend", "disk"] as const;

/** The size of a message of which nothing is said, in bytes. */
export const itemBytesDefault = 1_024;

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
  readonly itemBytes: number;
  /** How long data is kept, in ms; `undefined`: for ever. */
  readonly retentionMs: number | undefined;
  readonly durability: (typeof durabilities)[number] | undefined;
  /** The backend that the app names. */
  readonly backend: string | undefined;
}

/** The options of one message as they are written, by name. */
export interface WrittenNeeds {
  /** The full name of the message, such as `acme.UserEvents`. */
  readonly message: string;
  readonly options: ReadonlyMap<string, string>;
}

/** Reads the options of a message; what is wrong goes to `problems`. */
export function readNeeds({ message, options }: WrittenNeeds, problems: Problem[]): Needs {
  const reader = new OptionReader(message, options, problems);
  const accessPattern = reader.oneOf("access_pattern", accessPatterns) ?? "balanced";
  const pattern =
    reader.oneOf("pattern", plannedPatterns) ?? (accessPattern === "append_heavy" ? "stream" : "key-value");
  const rate = (name: string) => reader.quantity(name, parseCount, "a whole number, such as 10000 or 10k");
  const calls = rate("estimated_rps");
  const writes = accessPattern === "append_heavy" || accessPattern === "write_heavy";
  const half = calls === undefined ? undefined : Math.ceil(calls / 2);
  const retentionMs = reader.quantity("retention_days", parseRetention, "days, or a time such as 36h, 90d or 12w");
  return {
    namespace: options.get("namespace") ?? dashed(message),
    message,
    pattern,
    accessPattern,
    readsPerSecond: rate("estimated_read_rps") ?? (writes ? undefined : accessPattern === "balanced" ? half : calls),
    writesPerSecond: rate("estimated_write_rps") ?? (writes ? calls : accessPattern === "balanced" ? half : undefined),
    itemBytes: reader.quantity("item_size", parseSize, "a size such as 400B, 4KiB or 1MiB") ?? itemBytesDefault,
    retentionMs: retentionMs === 0 ? undefined : retentionMs,
    durability: reader.oneOf("durability", durabilities),
    backend: options.get("backend"),
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
