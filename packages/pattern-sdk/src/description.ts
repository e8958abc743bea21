import { isDeepStrictEqual } from "node:util";
import type { Durability } from "./durability.js";
import { jsonSchemaOf } from "./json-schema.js";
import { boundsOf, namedBounds } from "./patterns/bounds.js";
import { type PatternKind, withIncluded } from "./patterns/pattern-kind.js";
import { findPattern } from "./patterns/pattern-kinds.js";
import type { PatternDescription, PluginDefinition } from "./plugin.js";
import { contractVersion } from "./protocol/handshake.js";

/** What a plugin is, said without running its backend: what `--describe` prints, as JSON. */
export interface StaticDescription extends PackageDescription {
  /** The package's version, as semver. */
  readonly version: string;
}

/** The same without the version: what the plugin's `package.json` carries under `"prism"`, beside its own `"version"`. */
export interface PackageDescription {
  /** The versions of the plugin contract that the plugin speaks. */
  readonly contract: { readonly min: number; readonly max: number };
  /** The plugin's short name. */
  readonly name: string;
  /** What an acknowledged write survives. */
  readonly durability: Durability;
  /** What the plugin offers, by pattern. */
  readonly patterns: Readonly<Record<string, StaticPatternDescription>>;
  /** The full names of the plugin's own services. Not there when it has none. */
  readonly services?: readonly string[];
  /** Whether several processes may serve one backend at once. Not there: the process is the only one. */
  readonly replicable?: true;
  /** The JSON Schema of the settings as an operator writes them. */
  readonly settings: unknown;
}

/** What a plugin says of one pattern. */
export interface StaticPatternDescription {
  readonly capabilities: readonly string[];
  /** By the names that `BindResponse.limits` uses. */
  readonly limits: Readonly<Record<string, number>>;
  /** What an acknowledged write survives. Not there: what the plugin says for all patterns. */
  readonly durability?: Durability;
  /** The JSON Schema of a namespace's options as an operator writes them. Not there: the pattern takes none. */
  readonly options?: unknown;
  /** Namespaces can be asked what they hold. Not there: they cannot. */
  readonly countsStorage?: true;
}

/** Describes a plugin without opening its backend. */
export function describePlugin(plugin: PluginDefinition): StaticDescription {
  const patterns = Object.entries(plugin.patterns).map(
    ([name, description]) => [name, describePattern(findPattern(name)!, description)] as const,
  );
  return {
    contract: { min: contractVersion, max: contractVersion },
    name: plugin.name,
    version: plugin.version,
    durability: plugin.durability,
    patterns: Object.fromEntries(patterns),
    ...(plugin.services === undefined ? {} : { services: plugin.services.names }),
    ...(plugin.replicable === true ? { replicable: true } : {}),
    settings: jsonSchemaOf(plugin.settings),
  };
}

/** What a plugin's `package.json` must carry under `"prism"`. */
export function packageDescription(plugin: PluginDefinition): PackageDescription {
  const { version: _, ...description } = describePlugin(plugin);
  return description;
}

/**
 * Compares a plugin with its parsed `package.json`, for a test that keeps both equal. Throws `Error` with every difference and
 * with what to write instead.
 */
export function checkPackageDescription(
  plugin: PluginDefinition,
  packageJson: { readonly version?: unknown; readonly prism?: unknown },
): void {
  const expected = JSON.parse(JSON.stringify(packageDescription(plugin))) as Record<string, unknown>;
  const actual = (packageJson.prism ?? {}) as Record<string, unknown>;
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)]);
  const differing = [...keys]
    .filter((key) => !isDeepStrictEqual(actual[key], expected[key]))
    .map((key) => `prism.${key}`);
  if (packageJson.version !== plugin.version) differing.unshift("version");
  if (differing.length === 0) return;
  throw new Error(
    `package.json differs from plugin ${plugin.name} ${plugin.version} in ${differing.join(", ")}. Expected "prism": ${JSON.stringify(expected, null, 2)}`,
  );
}

function describePattern(kind: PatternKind, description: PatternDescription): StaticPatternDescription {
  const { capabilities, limits, durability, options, countsStorage = false } = description;
  return {
    capabilities: withIncluded(kind, capabilities),
    limits: namedBounds(boundsOf(kind, limits)),
    ...(durability === undefined ? {} : { durability }),
    ...(options === undefined ? {} : { options: jsonSchemaOf(options) }),
    ...(countsStorage ? { countsStorage } : {}),
  };
}
