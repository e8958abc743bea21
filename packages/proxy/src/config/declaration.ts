import { isDeepStrictEqual } from "node:util";
import { type Config, type NamespaceConfig, toNamespace } from "./config.js";
import { checkNamespaces } from "./cross-checks.js";
import type { LocatedProblem } from "./problem.js";
import { configJsonSchema, namespacesSchema } from "./schema.js";
import { schemaProblems } from "./schema-problems.js";
import type { JsonMap, JsonValue } from "./settings.js";

/** A namespace that is declared outside of the file, read as the file's are. */
export type ReadDeclaration =
  | { readonly namespace: NamespaceConfig; readonly problems: readonly [] }
  | { readonly namespace: undefined; readonly problems: readonly LocatedProblem[] };

/** Reads what `prism.yaml` would have below a namespace's name. The keys of problems begin with `namespaces` and the name. */
export function readDeclaration(name: string, declaration: JsonMap): ReadDeclaration {
  const tree = { namespaces: Object.fromEntries([[name, declaration]]) };
  const parsed = namespacesSchema.safeParse(tree.namespaces);
  if (!parsed.success) {
    const issues = parsed.error.issues.map((issue) => ({ ...issue, path: ["namespaces", ...issue.path] }));
    return {
      namespace: undefined,
      problems: schemaProblems({ issues } as typeof parsed.error, tree, configJsonSchema()),
    };
  }
  const namespace = Object.hasOwn(parsed.data, name) ? parsed.data[name] : undefined;
  if (namespace === undefined) {
    const message = `${name} cannot be a name; choose another`;
    return { namespace: undefined, problems: [{ keys: ["namespaces", name], message }] };
  }
  return { namespace: toNamespace(name, namespace, declaration), problems: [] };
}

/** Everything that is wrong with declarations, by the schema and by what the configured backends offer. */
export function declarationProblems(
  declarations: ReadonlyMap<string, JsonMap>,
  { backends }: Pick<Config, "backends">,
): readonly LocatedProblem[] {
  const programs = new Map([...backends].map(([name, { program }]) => [name, program]));
  const problems = [...declarations].flatMap(([name, declaration]) => [
    ...readDeclaration(name, declaration).problems,
    ...checkNamespaces({ [name]: declaration }, Object.fromEntries(backends), programs),
    ...references(declaration, ["namespaces", name]),
    ...schemaFiles(declaration, ["namespaces", name, "schema"]),
  ]);
  // The schema and the checks between parts may find the same.
  return problems.filter(
    (problem, index) => problems.findIndex((other) => isDeepStrictEqual(other, problem)) === index,
  );
}

/** What is kept of messages is a file beside prism.yaml, or in the control state. */
function schemaFiles({ schema = {} }: JsonMap, keys: readonly PropertyKey[]): LocatedProblem[] {
  const message = "is for prism.yaml only; ApplyNeeds keeps the app's messages";
  return ["message", "file"].filter((key) => key in Object(schema)).map((key) => ({ keys: [...keys, key], message }));
}

/** Whoever may declare namespaces may not read the proxy's environment and files by it. */
function references(value: JsonValue, keys: readonly PropertyKey[]): LocatedProblem[] {
  if (typeof value === "string") {
    const message = "has a reference to the environment or a file; those are for prism.yaml only";
    return /\$\{(env|file):/.test(value) ? [{ keys, message }] : [];
  }
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => references(inner, [...keys, key]));
}
