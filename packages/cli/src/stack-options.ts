import path from "node:path";
import type { ServerKind, Stack } from "@prism-data/local-servers";
import type { Command } from "commander";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";
import type { CommandContext } from "./invocation.js";

/** What every command of `prism stack` takes. */
export interface StackCommandOptions {
  readonly dir: string;
  readonly programsDir?: string;
  readonly json?: boolean;
}

export function addStackOptions(command: Command): Command {
  return command.option("--dir <folder>", "what holds their data, logs and process ids", ".prism/stack");
}

/** A stack, and the servers of it that were named; all of them when none was. */
export interface NamedStack {
  readonly stack: Stack;
  readonly kinds: readonly ServerKind[];
  readonly folder: string;
}

/** Opens the stack that the options name, and starts nothing. Throws CommandFailure for a server that there is none of. */
export async function openStack(
  names: readonly string[],
  { dir, programsDir }: StackCommandOptions,
  { environment, workingDir, interrupted }: CommandContext,
): Promise<NamedStack> {
  // Loaded here, so that the other commands need not wait for it.
  const { serverKinds, Stack } = await import("@prism-data/local-servers");
  const kinds = serverKinds.filter(({ name }) => names.length === 0 || names.includes(name));
  const known = serverKinds.map(({ name }) => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new CommandFailure(ExitCode.usage, `there is no server called ${unknown}; there are ${known.join(", ")}`);
  }
  const folder = path.resolve(workingDir, dir);
  const programs = programsDir === undefined ? {} : { PRISM_PROGRAMS_DIR: path.resolve(workingDir, programsDir) };
  const stack = new Stack({ folder, environment: { ...environment, ...programs }, signal: interrupted });
  return { stack, kinds, folder };
}

/** What the stack is asked for; Ctrl-C, and what this machine refuses, are failures of the command. */
export async function ofStack<T>(work: Promise<T>, { interrupted }: CommandContext): Promise<T> {
  const { LocalServerError } = await import("@prism-data/local-servers");
  try {
    return await work;
  } catch (cause) {
    const message = interrupted.aborted
      ? "interrupted; `prism stack status` shows what runs"
      : cause instanceof LocalServerError && cause.message;
    throw message ? new CommandFailure(ExitCode.failed, message, { cause }) : cause;
  }
}
