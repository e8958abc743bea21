import { awaitCondition } from "./await-condition.js";
import { LocalServerError } from "./local-server-error.js";
import { descendantsOf, isRunning, type ProcessIdentity, signalProcess } from "./process-table.js";

/** What a graceful end may take; PostgreSQL and Kafka write down what they hold. */
const gracefulWithinMs = 30_000;

/** The kernel ends a killed process at once, unless a disk keeps it. */
const killedWithinMs = 10_000;

/** A server's process and what it has started. None, when it does not run. */
export function processesOf(server: ProcessIdentity): ProcessIdentity[] {
  return isRunning(server) ? [server, ...descendantsOf(server.pid)] : [];
}

/**
 * Ends a server with this signal, or with SIGKILL when that takes too long. Resolves when all its processes are gone; throws
 * LocalServerError when one of them stays.
 */
export async function endProcess(server: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  const processes = processesOf(server);
  const areGone = () => !processes.some(isRunning);
  if (signal !== "SIGKILL") {
    // One that is paused would not hear it.
    for (const part of processes) signalProcess(part, "SIGCONT");
    signalProcess(server, signal);
    if (await awaitCondition(areGone, { withinMs: gracefulWithinMs })) return;
  }
  for (const part of processes) signalProcess(part, "SIGKILL");
  if (await awaitCondition(areGone, { withinMs: killedWithinMs })) return;
  throw new LocalServerError(`Process ${server.pid} does not end, not even when it is killed.`);
}
