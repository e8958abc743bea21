import assert from "node:assert";
import { readdirSync, readFileSync } from "node:fs";

/** A process, told from every other that had or will have its id by when it began, and by its command line where that is known. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In ticks of the kernel's clock, since the machine was started. */
  readonly startTicks: number;
  /** Its program and arguments with spaces between them. `undefined`: not compared. */
  readonly command?: string | undefined;
}

/** The process that has this id now. `undefined`: there is none, or it has ended. */
export function identify(pid: number): ProcessIdentity | undefined {
  const fields = statFields(pid);
  if (fields === undefined) return undefined;
  const command = readOrNothing(`/proc/${pid}/cmdline`)?.replaceAll("\0", " ").trim();
  return { pid, startTicks: Number(fields[19]), command };
}

/** Whether this very process still runs. */
export function isRunning({ pid, startTicks, command }: ProcessIdentity): boolean {
  const now = identify(pid);
  // One that is about to end has lost its command line.
  return now?.startTicks === startTicks && (command === undefined || !now.command || command === now.command);
}

/** Whether it was stopped by SIGSTOP, all its threads, or has ended; the signal alone does not mean that yet. */
export function isStill({ pid }: ProcessIdentity): boolean {
  const states = threadsOf(pid).map((thread) => lineFields(`/proc/${pid}/task/${thread}/stat`)?.[0]);
  return states.every((state) => state === "T" || state === undefined);
}

/** Signals this very process, and no other that has got its id since. Says whether there was one to signal. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

/** What a process has started, and what that has started, and so on. */
export function descendantsOf(pid: number): ProcessIdentity[] {
  // Everything descends from these.
  assert(pid > 1);
  const parents = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    const fields = /^\d+$/.test(name) ? statFields(Number(name)) : undefined;
    if (fields !== undefined) parents.set(Number(name), Number(fields[1]));
  }
  const found = [pid];
  for (const parent of found) for (const [child, of] of parents) if (of === parent) found.push(child);
  return found.slice(1).flatMap((child) => identify(child) ?? []);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    // It has ended.
    return [];
  }
}

/** The fields of the kernel's line from the state on, which is the first here. `undefined`: it has ended. */
function statFields(pid: number): string[] | undefined {
  const fields = lineFields(`/proc/${pid}/stat`);
  if (fields === undefined) return undefined;
  // The first thread may be dead while others still hold what the process has open.
  const isDead = fields[0] === "Z" || fields[0] === "X";
  return isDead && Number(fields[17]) <= 1 ? undefined : fields;
}

/** The name in parentheses may hold anything, so the fields are counted from its end. */
function lineFields(file: string): string[] | undefined {
  const stat = readOrNothing(file);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
