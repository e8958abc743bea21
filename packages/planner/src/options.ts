import { NeedsError, type Problem } from "./problem.js";

/** How an option is written in a .proto; YAML and `prism plan` take numbers as text and text as numbers. */
type OptionKind = "string" | "int32" | "int64" | "bool" | "repeated string";

/** The options of `prism/options.proto`, by what carries them. */
export const knownOptions = {
  message: {
    namespace: "string",
    access_pattern: "string",
    estimated_read_rps: "int64",
    estimated_write_rps: "int64",
    estimated_data_size_gb: "int64",
    backend: "string",
    consistency: "string",
    retention_days: "string",
    enable_cache: "bool",
    cache_ttl_seconds: "int32",
    estimated_rps: "string",
    pattern: "string",
    item_size: "string",
    durability: "string",
    data_size: "string",
    ttl: "string",
    ordering: "string",
    replay: "bool",
    max_message_size: "string",
    latency_target: "string",
    owners: "repeated string",
    consumers: "repeated string",
  },
  field: {
    index: "string",
    pii: "string",
    encrypt_at_rest: "bool",
    mask_in_logs: "bool",
    access_audit: "bool",
    validation: "string",
    max_length: "int32",
    required: "bool",
  },
  service: { require_auth: "bool", rate_limit_rps: "int32", version: "string" },
  method: {
    idempotent: "bool",
    timeout_ms: "int32",
    cacheable: "bool",
    rpc_cache_ttl_seconds: "int32",
    required_permissions: "repeated string",
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, OptionKind>>>>;

/** What carries options. */
export type OptionCarrier = keyof typeof knownOptions;

/** Options as somebody wrote them, by name. */
export type RawOptions = Readonly<Record<string, unknown>>;

/** The options as text, by name. What is wrong goes to `problems`; `path` is what carries them, for people. */
export function optionTexts(
  { carrier, path }: { readonly carrier: OptionCarrier; readonly path: string },
  options: RawOptions,
  problems: Problem[],
): ReadonlyMap<string, string> {
  const known: Readonly<Record<string, OptionKind>> = knownOptions[carrier];
  for (const [name, value] of Object.entries(options)) {
    const message = problemOf(known, name, value);
    if (message !== undefined) problems.push({ at: `${path} (prism.${name})`, message });
  }
  // In one order, whatever the compiler and the app's author did.
  return new Map(Object.keys(known).flatMap((name) => (name in options ? [[name, textOf(options[name])]] : [])));
}

/** Fails with everything that is wrong, if anything is. */
export function throwProblems(problems: readonly Problem[]): void {
  if (problems.length > 0) throw new NeedsError(problems);
}

function problemOf(known: Readonly<Record<string, OptionKind>>, name: string, value: unknown): string | undefined {
  const kind = known[name];
  if (kind === undefined) return `is no option; there are ${Object.keys(known).join(", ")}`;
  if (kind === "bool") return value === true || value === false ? undefined : "is true or false";
  const values = kind === "repeated string" && Array.isArray(value) ? value : [value];
  const readable = values.every((one) => typeof one === "string" || typeof one === "number");
  return readable ? undefined : `is ${kind === "repeated string" ? "a list of texts" : "a text or a number"}`;
}

function textOf(value: unknown): string {
  return Array.isArray(value) ? value.join(", ") : String(value);
}
