import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { type Config, toConfig } from "./config.js";
import { crossCheck } from "./cross-checks.js";
import { defaultTree } from "./defaults.js";
import { applyOverrides, type ConfigFlags, findOverrides, type Override } from "./overrides.js";
import { ConfigError, formatPath, type LocatedProblem, type Problem } from "./problem.js";
import { resolveReferences } from "./references.js";
import { configJsonSchema, configSchema } from "./schema.js";
import { schemaProblems } from "./schema-problems.js";
import type { JsonMap } from "./settings.js";
import { readYaml, type YamlFile } from "./yaml-file.js";

/** The file that is looked for in the working folder when none is named. */
export const configFileName = "prism.yaml";

/** Far above any real configuration; keeps a wrong path (a device, a dump) from filling the memory. */
const configBytesMax = 16_777_216;

/** Where a configuration comes from. */
export interface LoadOptions {
  /** The file, when the operator named one; then it must be there. */
  readonly file?: string | undefined;
  /** Where `prism.yaml` is looked for, and what a relative `file` is relative to. Absolute. */
  readonly workingDir: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags?: ConfigFlags;
  /** `file:` URLs of modules whose packages ship plugins with Prism. */
  readonly shippedPluginBases: readonly string[];
}

/** Reads the configuration: flags over environment over file over defaults. Throws `ConfigError` with every problem. */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const found = await findFile(options);
  const dir = found === undefined ? options.workingDir : path.dirname(found.file);
  const yaml = found === undefined ? undefined : readYaml(found.text);
  const name = found?.file ?? "the default configuration";
  if (yaml !== undefined && yaml.problems.length > 0) throw new ConfigError(name, yaml.problems);

  const written = yaml?.tree ?? defaultTree;
  const resolved = await resolveReferences(written, { environment: options.environment, dir });
  const overrides = findOverrides(options.flags ?? {}, options.environment);
  const tree = applyOverrides(resolved.tree, overrides);
  const parsed = configSchema.safeParse(tree);
  const checked = await crossCheck(tree, { dir, shippedPluginBases: options.shippedPluginBases });

  const consequences = [
    ...(parsed.success ? [] : schemaProblems(parsed.error, tree, configJsonSchema())),
    ...checked.problems,
  ];
  const unresolved = new Set(resolved.problems.map(({ keys }) => formatPath(keys)));
  const causes = consequences.filter(
    ({ keys }) => !keys.some((_, index) => unresolved.has(formatPath(keys.slice(0, index + 1)))),
  );
  const problems = [...resolved.problems, ...causes].map((problem) => toProblem(problem, overrides, yaml));
  if (!parsed.success || problems.length > 0) throw new ConfigError(name, inFileOrder(problems));
  const sources = found === undefined ? resolved.files : [found.file, ...resolved.files];
  return toConfig(parsed.data, {
    origin: { file: found?.file, sources, workingDir: dir },
    programs: checked.programs,
    declarations: (written as { readonly namespaces?: Readonly<Record<string, JsonMap>> }).namespaces ?? {},
  });
}

async function findFile(options: LoadOptions): Promise<{ file: string; text: string } | undefined> {
  const file = path.resolve(options.workingDir, options.file ?? configFileName);
  try {
    if ((await stat(file)).size > configBytesMax) {
      throw new ConfigError(file, [{ path: "", message: "the file is larger than 16 MiB" }]);
    }
    return { file, text: await readFile(file, "utf8") };
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? "failed";
    if (code === "ENOENT" && options.file === undefined) return undefined;
    const message = code === "ENOENT" ? "there is no such file; name another with -c FILE" : `cannot be read (${code})`;
    throw new ConfigError(file, [{ path: "", message }]);
  }
}

/** Says where the value came from: its place in the file, or the flag or variable that carried it. */
function toProblem(problem: LocatedProblem, overrides: readonly Override[], yaml: YamlFile | undefined): Problem {
  const place = formatPath(problem.keys);
  const override = overrides.find((candidate) => formatPath(candidate.path) === place);
  if (override !== undefined) return { path: `${override.source} (${place})`, message: problem.message };
  return { path: place, message: problem.message, ...yaml?.locate(problem.keys) };
}

function inFileOrder(problems: readonly Problem[]): readonly Problem[] {
  return problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}
