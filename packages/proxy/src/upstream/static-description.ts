import { type Durability, durabilities } from "@prism-data/pattern-sdk/protocol";
import * as z from "zod";

/** What a plugin's package.json says of it under `prism`: what `--describe` prints, as far as configuration is checked against it. */
export interface StaticDescription {
  /** The plugin's short name; not set when the package does not say. */
  readonly name?: string | undefined;
  /** The patterns that the plugin offers. */
  readonly patterns: ReadonlyMap<string, StaticPattern>;
  /** The services of the plugin's own, by full name; not set when the package does not say. */
  readonly services?: readonly string[] | undefined;
  /** Whether several processes of the plugin may serve one backend. */
  readonly replicable: boolean;
  /** The JSON Schema of the settings; not set when the package has none. */
  readonly settings?: unknown;
}

/** What it says of one pattern. */
export interface StaticPattern {
  readonly capabilities: readonly string[];
  /** The most that an acknowledged write can survive; not set when the package does not say. */
  readonly durability?: Durability | undefined;
  /** The bounds that apps are held to, by name; not set when the package does not say. */
  readonly limits?: Readonly<Record<string, number>> | undefined;
  /** The JSON Schema of a namespace's options; not set when the pattern takes none. */
  readonly options?: unknown;
  /** Whether namespaces can be asked what they hold. */
  readonly countsStorage?: boolean | undefined;
}

const durability = z.enum(durabilities).optional();

const pattern = z.object({
  capabilities: z.array(z.string()),
  durability,
  limits: z.record(z.string(), z.number()).optional(),
  options: z.unknown().optional(),
  countsStorage: z.boolean().optional(),
});

const schema = z.object({
  name: z.string().optional(),
  durability,
  patterns: z.record(z.string(), pattern),
  services: z.array(z.string()).optional(),
  replicable: z.boolean().prefault(false),
  settings: z.unknown().optional(),
});

/** Reads the description. `undefined` when there is none, or none that is understood: the running plugin will tell. */
export function staticDescriptionOf(value: unknown): StaticDescription | undefined {
  const parsed = schema.safeParse(value);
  if (!parsed.success) return undefined;
  const { name, durability: ofPlugin, services, replicable, settings } = parsed.data;
  const patterns = Object.entries(parsed.data.patterns).map(
    ([ofPattern, said]) => [ofPattern, { ...said, durability: said.durability ?? ofPlugin }] as const,
  );
  return { name, patterns: new Map(patterns), services, replicable, settings };
}
