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
  return now?.startTicks === startTicks && (command === undefined || command === now.command);
}

/** Whether it was stopped by SIGSTOP, all its threads, or has ended; the signal alone does not mean that yet. */
export function isStill({ pid }: ProcessIdentity): boolean {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === "T";
}

/** Signals this very process, and no other that has got its id since. Says whether there was one to signal. */
export function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): boolean {
  return isRunning(identity) && process.kill(identity.pid, signal);
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

/** The fields of the kernel's line from the state on, which is the first here. `undefined`: it has ended. */
function statFields(pid: number): string[] | undefined {
  const stat = readOrNothing(`/proc/${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name in parentheses may hold anything, so the fields are counted from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields;
}

function readOrNothing(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}
