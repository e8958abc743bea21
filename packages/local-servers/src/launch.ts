import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { LocalServerError } from "./local-server-error.js";
import type { Environment, ServerCommand } from "./server-kind.js";

export interface LaunchOptions {
  /** What the server prints is added to this file. */
  readonly logFile: string;
  /** Where it works; nothing that matters lies there. */
  readonly folder: string;
  /** Whether the server goes on when this process ends, however that ends. */
  readonly outlives: boolean;
  readonly environment: Environment;
}

/** A process that was started. */
export interface Launched {
  readonly child: ChildProcess;
  readonly pid: number;
}

/**
 * Starts a server in a session of its own, so that a Ctrl-C in the terminal is not for it, and without this process's
 * environment, which could change its settings. One that must not outlive this process is killed by the kernel with it.
 * Throws LocalServerError when the program cannot be run.
 */
export async function launch(command: ServerCommand, options: LaunchOptions): Promise<Launched> {
  const { logFile, folder, outlives, environment } = options;
  const line = [command.file, ...command.arguments];
  const [file = "", ...given] = outlives ? line : ["setpriv", "--pdeathsig", "KILL", "--", ...line];
  const log = openSync(logFile, "a");
  const child = spawn(file, given, {
    cwd: folder,
    env: { PATH: environment.PATH, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", log, log],
    detached: true,
    ...(command.account !== undefined && { uid: command.account.uid, gid: command.account.gid }),
  });
  closeSync(log);
  const { pid } = child;
  if (pid !== undefined) return { child, pid };
  const [error] = await once(child, "error");
  throw new LocalServerError(`${file} cannot be run: ${error.message}`);
}

/** Throws where servers cannot be run by this package. */
export function checkPlatform(): void {
  if (process.platform === "linux") return;
  throw new LocalServerError(
    `Servers are started on Linux only, not on ${process.platform}: name running ones instead, or use Docker.`,
  );
}
