import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { awaitCondition } from "./await-condition.js";
import { LocalServerError } from "./local-server-error.js";
import { logTail } from "./log-tail.js";
import { isFree } from "./loopback-port.js";
import { identify, isRunning, type ProcessIdentity } from "./process-table.js";
import type { ServerKind, ServerSite } from "./server-kind.js";

/** Far above what any server needs, on a machine that does much else. */
const readyWithinMs = 60_000;

export interface LaunchOptions {
  /** What the server prints is added to this file. */
  readonly logFile: string;
  /** Whether the server goes on when this process ends, however that ends. */
  readonly outlives: boolean;
  /** Further arguments, after those of its kind. Default: none. */
  readonly arguments?: readonly string[];
}

/**
 * Starts a server in a session of its own, so that a Ctrl-C in the terminal is not for it, and without this process's
 * environment, which could change its settings. One that must not outlive this process is killed by the kernel with it.
 * Does not wait until it answers. Throws LocalServerError when a port is in use, or the program cannot be run or ends at once.
 */
export async function launch(kind: ServerKind, site: ServerSite, options: LaunchOptions): Promise<ProcessIdentity> {
  checkPlatform();
  await checkPorts(kind, site);
  await kind.prepare(site);
  const command = await kind.command(site);
  const line = [command.file, ...command.arguments, ...(options.arguments ?? [])];
  const [program = "", ...given] = options.outlives ? line : ["setpriv", "--pdeathsig", "KILL", "--", ...line];
  const log = openSync(options.logFile, "a");
  const child = spawn(program, given, {
    cwd: site.folder,
    env: { PATH: site.environment.PATH, LC_ALL: "C.UTF-8" },
    stdio: ["ignore", log, log],
    detached: true,
    ...(site.account !== undefined && { uid: site.account.uid, gid: site.account.gid }),
  });
  closeSync(log);
  child.unref();
  if (child.pid === undefined) throw await notRun(program, once(child, "error"));
  const server = identify(child.pid);
  if (server === undefined) throw await notStarted(kind, "it ended at once", options.logFile);
  // Its command line is not yet what it will be: the kernel, setpriv or a script that starts it are still at work on it.
  return { ...server, command: undefined };
}

export interface ReadyOptions {
  readonly logFile: string;
  /** Ends the waiting, not the server. */
  readonly signal?: AbortSignal | undefined;
}

/** Waits until a server that was launched answers. Throws LocalServerError with the end of its log when it ends or stays silent. */
export async function awaitReady(
  server: ProcessIdentity,
  kind: ServerKind,
  site: Pick<ServerSite, "ports">,
  { logFile, signal }: ReadyOptions,
): Promise<void> {
  let isReady = false;
  const isSettled = async () => {
    isReady = await kind.isReady(site);
    return isReady || !isRunning(server);
  };
  const isInTime = await awaitCondition(isSettled, { withinMs: readyWithinMs, signal });
  if (isReady) return;
  const problem = isInTime ? "it ended" : `it has not answered for ${readyWithinMs / 1_000} s`;
  throw await notStarted(kind, problem, logFile);
}

/** Otherwise whoever has the port would answer in the server's place, and be taken for it. */
async function checkPorts({ name }: ServerKind, { ports }: ServerSite): Promise<void> {
  for (const port of ports) {
    if (await isFree(port)) continue;
    throw new LocalServerError(
      `${name} did not start: 127.0.0.1:${port} is in use. End what listens there (\`ss -ltnp\` shows it), and try again.`,
    );
  }
}

async function notRun(program: string, failed: Promise<unknown[]>): Promise<LocalServerError> {
  const [error] = await failed;
  return new LocalServerError(`${program} cannot be run: ${(error as Error).message}`);
}

async function notStarted({ name }: ServerKind, problem: string, logFile: string): Promise<LocalServerError> {
  return new LocalServerError(`${name} did not start: ${problem}. The end of ${logFile}:\n${await logTail(logFile)}`);
}

function checkPlatform(): void {
  if (process.platform === "linux") return;
  throw new LocalServerError(`Servers are started on Linux only, and this is ${process.platform}.`);
}
