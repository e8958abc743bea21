import { spawn } from "node:child_process";
import { once } from "node:events";
import { prismProgram } from "./repository.ts";

/** What a finished command left behind. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface CommandOptions {
  /** What it reads on stdin. Default: nothing. */
  readonly input?: string | Uint8Array;
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** A command that hangs is killed. Default 30 s. */
  readonly endedWithinMs?: number;
}

const defaultEndedWithinMs = 30_000;

/** Runs `bin/prism` to its end. */
export function runPrism(given: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runCommand(prismProgram, given, options);
}

/** Runs any program to its end. */
export async function runCommand(
  program: string,
  given: readonly string[],
  { input, folder, environment, endedWithinMs = defaultEndedWithinMs }: CommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(program, given, {
    cwd: folder,
    env: { ...process.env, ...environment },
    timeout: endedWithinMs,
    killSignal: "SIGKILL",
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A command may end without having read its input.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

/** A command that runs until it is told to stop. */
export interface RunningCommand extends AsyncDisposable {
  readonly stdout: string;
  readonly stderr: string;
  readonly ended: Promise<number | null>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts `bin/prism` and does not wait for its end. */
export function startPrismCommand(given: readonly string[], options: CommandOptions): RunningCommand {
  return startCommand(prismProgram, given, options);
}

/** Starts any program and does not wait for its end. */
export function startCommand(
  program: string,
  given: readonly string[],
  { folder, environment }: CommandOptions = {},
): RunningCommand {
  const child = spawn(program, given, {
    cwd: folder,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: defaultEndedWithinMs,
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.on("data", (chunk: Buffer) => {
    text.stdout += chunk;
  });
  child.stderr.on("data", (chunk: Buffer) => {
    text.stderr += chunk;
  });
  const ended = once(child, "close").then(([code]) => code as number | null);
  return {
    get stdout() {
      return text.stdout;
    },
    get stderr() {
      return text.stderr;
    },
    ended,
    signal: (signal) => child.kill(signal),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null) child.kill("SIGKILL");
      await ended;
    },
  };
}
