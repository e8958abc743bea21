import { access, constants, open, readdir, readFile, realpath } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { nearest } from "../config/suggestion.js";
import { type StaticDescription, staticDescriptionOf } from "./static-description.js";

/** How to start a plugin. */
export interface PluginProgram {
  /** The program and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Whether the program is JavaScript, to be run with the Node.js that runs the proxy. */
  readonly isScript: boolean;
  /** The package that it comes from; not set for a `command`. */
  readonly package: { readonly name: string; readonly version: string } | undefined;
  /** What its package.json says of the plugin; not set when it says nothing. */
  readonly description: StaticDescription | undefined;
}

/** A plugin that can be started, or what was looked for in vain. */
export type Resolution =
  | { readonly found: true; readonly program: PluginProgram }
  | { readonly found: false; readonly problem: string };

/** Where plugins are looked for. */
export interface PluginSearch {
  /** The operator's folder: looked through first, with the folders above it. */
  readonly dir: string;
  /** `file:` URLs of modules whose packages ship plugins with Prism. */
  readonly shippedPluginBases: readonly string[];
}

/** The largest package.json that is read. */
const packageJsonBytesMax = 1_048_576;
const packageNamePattern = /^(@[a-z0-9][a-z0-9._~-]*\/)?[a-z0-9][a-z0-9._~-]*$/;

/** The packages that a configured plugin may mean, best first. */
function packageCandidates(plugin: string): readonly string[] {
  if (plugin.startsWith("@") || plugin.startsWith("prism-plugin-")) return [plugin];
  return [`@prism-data/plugin-${plugin}`, `prism-plugin-${plugin}`];
}

/** Finds the program of `plugin: NAME` by reading package.json files; runs nothing. */
export async function resolvePlugin(plugin: string, search: PluginSearch): Promise<Resolution> {
  if (!packageNamePattern.test(plugin)) {
    return { found: false, problem: `${JSON.stringify(plugin)} is not a name that an npm package can have` };
  }
  const roots = [search.dir, ...search.shippedPluginBases.map((base) => path.dirname(fileURLToPath(base)))];
  const candidates = packageCandidates(plugin);
  for (const root of roots) {
    for (const name of candidates) {
      const folder = await findPackage(name, root);
      if (folder !== undefined) return await programOf(name, folder);
    }
  }
  return { found: false, problem: notFound(plugin, candidates, search.dir, await installedPlugins(roots)) };
}

function notFound(plugin: string, candidates: readonly string[], dir: string, installed: readonly string[]): string {
  const meant = nearest(plugin, installed);
  const hint = meant === undefined ? "" : `; did you mean ${JSON.stringify(meant)}?`;
  const looked = `looked for ${candidates.join(", then ")} from ${dir} upwards and among the plugins that come with Prism`;
  return `no plugin ${JSON.stringify(plugin)} is installed${hint} (${looked}). To install one: cd ${dir} && npm install ${candidates.at(-1)}`;
}

/** The short names of the plugins that can be found by one. */
async function installedPlugins(roots: readonly string[]): Promise<readonly string[]> {
  const folders = roots.flatMap(foldersUpwards).map((dir) => path.join(dir, "node_modules"));
  const names = await Promise.all(
    folders.flatMap((folder) => [
      namesAfter("plugin-", path.join(folder, "@prism-data")),
      namesAfter("prism-plugin-", folder),
    ]),
  );
  return [...new Set(names.flat())];
}

async function namesAfter(prefix: string, folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
}

/** Makes a program of `command: [...]`. A path that begins with `.` is relative to the operator's folder. */
export async function resolveCommand(command: readonly string[], dir: string): Promise<Resolution> {
  const [program, ...args] = command;
  if (program === undefined) return { found: false, problem: "must name a program" };
  if (!program.includes("/")) return { found: true, program: plainProgram([program, ...args]) };
  const file = path.resolve(dir, program);
  try {
    await access(file, constants.X_OK);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return {
      found: false,
      problem: missing ? `there is no file ${file}` : `${file} cannot be run; try: chmod +x ${file}`,
    };
  }
  return { found: true, program: plainProgram([file, ...args]) };
}

function plainProgram(command: readonly [string, ...string[]]): PluginProgram {
  return { command, isScript: false, package: undefined, description: undefined };
}

/** Looks for `node_modules/NAME` in a folder and those above it, the way Node.js does. */
async function findPackage(name: string, from: string): Promise<string | undefined> {
  for (const dir of foldersUpwards(from)) {
    const folder = path.join(dir, "node_modules", name);
    if (await isReadable(path.join(folder, "package.json"))) return await realpath(folder);
  }
  return undefined;
}

/** A folder and all above it. */
function foldersUpwards(from: string): readonly string[] {
  const above = path.dirname(from);
  return above === from ? [from] : [from, ...foldersUpwards(above)];
}

async function isReadable(file: string): Promise<boolean> {
  return await access(file, constants.R_OK).then(
    () => true,
    () => false,
  );
}

async function programOf(name: string, folder: string): Promise<Resolution> {
  const file = path.join(folder, "package.json");
  const manifest = await readManifest(file);
  if (typeof manifest === "string") return { found: false, problem: `${file} ${manifest}` };
  const bin = binOf(manifest, name);
  if (bin === undefined) {
    const problem = `${file} names no "bin", so there is nothing to start: is ${name} a Prism plugin?`;
    return { found: false, problem };
  }
  const program = path.resolve(folder, bin);
  if (!(await isReadable(program))) {
    const problem = `${file} names ${bin} as its "bin", but there is no such file: is the package built?`;
    return { found: false, problem };
  }
  const version = typeof manifest.version === "string" ? manifest.version : "";
  const isScript = await isNodeScript(program);
  const description = staticDescriptionOf(manifest.prism);
  return { found: true, program: { command: [program], isScript, package: { name, version }, description } };
}

/** What a package.json says, or what is wrong with the file. */
async function readManifest(file: string): Promise<Record<string, unknown> | string> {
  try {
    const text = await readFile(file, "utf8");
    if (text.length > packageJsonBytesMax) return "is larger than 1 MiB";
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return "is not readable JSON";
  }
}

/** The package's program: its only one, or the one that is named like the package. */
function binOf(manifest: Record<string, unknown>, name: string): string | undefined {
  const { bin } = manifest;
  if (typeof bin === "string") return bin;
  if (typeof bin !== "object" || bin === null) return undefined;
  const programs = Object.entries(bin).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  if (programs.length === 1) return programs[0]?.[1];
  const shortName = name.replace(/^@[^/]*\//, "");
  return programs.find(([key]) => key === shortName || key === `prism-${shortName}`)?.[1];
}

async function isNodeScript(file: string): Promise<boolean> {
  if (/\.[cm]?js$/.test(file)) return true;
  await using handle = await open(file, "r");
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(64), 0, 64, 0);
  return /^#!.*\bnode\b/.test(buffer.toString("latin1", 0, bytesRead));
}
