import type { z } from "zod";
import { jsonSchemaOf } from "./json-schema.js";
import { limitProblems } from "./patterns/bounds.js";
import type { PatternKind } from "./patterns/pattern-kind.js";
import { findPattern, patterns } from "./patterns/pattern-kinds.js";
import type { OwnServices, PatternDescription, PatternDescriptions, PluginDefinition } from "./plugin.js";

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
export function definePlugin<Settings extends z.ZodType, const Descriptions extends PatternDescriptions>(
  definition: PluginDefinition<Settings, Descriptions>,
): PluginDefinition<Settings, Descriptions> {
  const problems = [...identityProblems(definition), ...offerProblems(definition)];
  if (problems.length === 0) return Object.freeze({ ...definition });
  throw new Error(`The plugin ${JSON.stringify(definition.name)} is not well defined: ${problems.join("; ")}.`);
}

function* identityProblems({ name, version }: PluginDefinition): Generator<string> {
  if (!namePattern.test(name)) {
    yield "name must be 1 to 63 lower-case letters, digits and -, and start with a letter";
  }
  if (!versionPattern.test(version)) yield `version ${JSON.stringify(version)} is not semver`;
}

function* offerProblems({ patterns: declared, services }: PluginDefinition): Generator<string> {
  const descriptions = Object.entries(declared);
  if (descriptions.length === 0 && services === undefined) yield "patterns is empty, and there are no services";
  for (const [name, description] of descriptions) {
    const kind = findPattern(name);
    if (kind === undefined) yield `pattern ${name} is not known; known: ${patterns.join(", ")}`;
    else if (description !== undefined) yield* patternProblems(kind, description);
  }
  if (services !== undefined) yield* serviceProblems(services);
}

function* serviceProblems({ names }: OwnServices): Generator<string> {
  if (names.length === 0) yield "services.names is empty";
  for (const name of names) {
    if (serviceNamePattern.test(name)) continue;
    yield `services.names: ${name} must be a full name such as acme.search.v1.SearchService, outside prism and grpc`;
  }
}

function* patternProblems(kind: PatternKind, description: PatternDescription): Generator<string> {
  const { capabilities, limits = {}, options, countsStorage = false } = description;
  for (const capability of capabilities) {
    if (kind.capabilities.includes(capability)) continue;
    yield `capability ${capability} is not known; known: ${kind.capabilities.join(", ")}`;
  }
  yield* limitProblems(kind, limits);
  if (countsStorage && kind.addingMethods.length === 0) {
    yield `countsStorage of ${kind.name} is of no use: no method of it can be refused that leaves one to make room`;
  }
  if (options !== undefined && !isStrictObject(options)) {
    yield `options of ${kind.name} must be a strict object (z.strictObject): an option that is not known must fail`;
  }
}

function isStrictObject(schema: z.ZodType): boolean {
  const { type, additionalProperties } = jsonSchemaOf(schema) as Readonly<Record<string, unknown>>;
  return type === "object" && additionalProperties === false;
}
