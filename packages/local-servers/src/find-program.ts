import { delimiter, join } from "node:path";
import { isExecutable } from "./file-access.js";
import { LocalServerError } from "./local-server-error.js";
import { runTool } from "./run-tool.js";
import type { Environment } from "./server-kind.js";

/** Debian keeps servers where not every user looks. */
const moreFolders = ["/usr/local/sbin", "/usr/sbin"];

/** How long a program may take to print its version; it takes milliseconds. */
const versionTimeoutMs = 20_000;

/** The path of a program: in the first of `folders` that has it, or on the PATH. */
export async function findProgram(
  name: string,
  { PATH = "" }: Environment,
  folders: readonly string[] = [],
): Promise<string | undefined> {
  for (const folder of [...folders, ...PATH.split(delimiter).filter(Boolean), ...moreFolders]) {
    const path = join(folder, name);
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** What the first group of `pattern` finds in the answer to `--version`. */
export async function printedVersion(program: string, pattern: RegExp): Promise<string> {
  const text = await runTool(program, ["--version"], { timeout: versionTimeoutMs });
  const version = pattern.exec(text)?.[1];
  if (version === undefined) throw new LocalServerError(`${program} --version says no version: ${text.trim()}`);
  return version;
}

/** The folder that holds what was installed for `name`, when PRISM_PROGRAMS_DIR names one. */
export function programFolder(name: string, { PRISM_PROGRAMS_DIR: folder }: Environment): string | undefined {
  return folder === undefined || folder === "" ? undefined : join(folder, name);
}
