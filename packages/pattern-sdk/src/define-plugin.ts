import type { z } from "zod";
import { type KeyValueCapability, keyValueCapabilities, patterns } from "./capability.js";
import type { KeyValueDescription, OwnServices, PluginDefinition } from "./plugin.js";
import { valueBytesMax } from "./protocol/key-value/key-value-bounds.js";

const namePattern = /^[a-z][a-z0-9-]{0,62}$/;
const versionPattern = /^\d+\.\d+\.\d+(?:[-+][0-9A-Za-z.+-]+)?$/;

/** A name with a package. Prism's own services are routed by namespace and cannot be taken. */
const serviceNamePattern = /^(?!prism\.|grpc\.)[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$/;

/**
 * Makes a plugin out of its parts, with the type of its settings inferred.
 *
 * Throws `Error` with every problem found when the definition cannot work: a name or version of another form, nothing
 * offered, an unknown pattern or capability, limits out of range. Whether a store has the methods that its capabilities promise
 * is checked when a namespace is bound, and whether own services have methods when the backend is opened.
 */
export function definePlugin<Settings extends z.ZodType>(
  definition: PluginDefinition<Settings>,
): PluginDefinition<Settings> {
  const problems = [...identityProblems(definition), ...offerProblems(definition)];
  if (problems.length === 0) return Object.freeze({ ...definition });
  throw new Error(`The plugin ${JSON.stringify(definition.name)} is not well defined: ${problems.join("; ")}.`);
}

/** What a description declares, with what is implied (`ordered_scan` includes `scan`), in the order of the closed list. */
export function declaredCapabilities(description: KeyValueDescription): readonly KeyValueCapability[] {
  const declared = new Set<string>(description.capabilities);
  if (declared.has("ordered_scan")) declared.add("scan");
  return keyValueCapabilities.filter((capability) => declared.has(capability));
}

function* identityProblems({ name, version }: PluginDefinition): Generator<string> {
  if (!namePattern.test(name)) {
    yield "name must be 1 to 63 lower-case letters, digits and -, and start with a letter";
  }
  if (!versionPattern.test(version)) yield `version ${JSON.stringify(version)} is not semver`;
}

function* offerProblems({ patterns: declared, services }: PluginDefinition): Generator<string> {
  const names = Object.keys(declared);
  if (names.length === 0 && services === undefined) yield "patterns is empty, and there are no services";
  for (const name of names) {
    if (!(patterns as readonly string[]).includes(name))
      yield `pattern ${name} is not known; known: ${patterns.join(", ")}`;
  }
  if (declared["key-value"] !== undefined) yield* keyValueProblems(declared["key-value"]);
  if (services !== undefined) yield* serviceProblems(services);
}

function* serviceProblems({ names }: OwnServices): Generator<string> {
  if (names.length === 0) yield "services.names is empty";
  for (const name of names) {
    if (serviceNamePattern.test(name)) continue;
    yield `services.names: ${name} must be a full name such as acme.search.v1.SearchService, outside prism and grpc`;
  }
}

function* keyValueProblems({ capabilities, limits = {} }: KeyValueDescription): Generator<string> {
  for (const capability of capabilities) {
    if (keyValueCapabilities.includes(capability)) continue;
    yield `capability ${capability} is not known; known: ${keyValueCapabilities.join(", ")}`;
  }
  const { valueBytesMax: largest, ttlGrainMs } = limits;
  if (largest !== undefined && !(Number.isInteger(largest) && largest >= 1 && largest <= valueBytesMax)) {
    yield `limits.valueBytesMax must be a whole number from 1 to ${valueBytesMax}`;
  }
  if (ttlGrainMs !== undefined && !(Number.isInteger(ttlGrainMs) && ttlGrainMs >= 1)) {
    yield "limits.ttlGrainMs must be a whole number of at least 1";
  }
}
