import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { declaredCapabilities } from "./define-plugin.js";
import type { Durability, PluginDefinition } from "./plugin.js";
import { contractVersion } from "./protocol/handshake.js";
import { keyValueBounds, namedBounds } from "./protocol/key-value/key-value-bounds.js";

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
  /** What the plugin offers, by pattern; limits by the names that `BindResponse.limits` uses. */
  readonly patterns: Readonly<
    Record<string, { readonly capabilities: readonly string[]; readonly limits: Readonly<Record<string, number>> }>
  >;
  /** The full names of the plugin's own services. Not there when it has none. */
  readonly services?: readonly string[];
  /** The JSON Schema of the settings as an operator writes them. */
  readonly settings: unknown;
}

/** Describes a plugin without opening its backend. */
export function describePlugin(plugin: PluginDefinition): StaticDescription {
  const keyValue = plugin.patterns["key-value"];
  const patterns: StaticDescription["patterns"] =
    keyValue === undefined
      ? {}
      : {
          "key-value": {
            capabilities: declaredCapabilities(keyValue),
            limits: namedBounds(keyValueBounds(keyValue.limits)),
          },
        };
  return {
    contract: { min: contractVersion, max: contractVersion },
    name: plugin.name,
    version: plugin.version,
    durability: plugin.durability,
    patterns,
    ...(plugin.services === undefined ? {} : { services: plugin.services.names }),
    settings: settingsSchema(plugin.settings),
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

/** What an operator may write: defaults need not be there, and what a transform makes of a value is not their matter. */
export function settingsSchema(settings: z.ZodType): unknown {
  return z.toJSONSchema(settings, { io: "input", unrepresentable: "any" });
}
