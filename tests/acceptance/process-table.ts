import { readdirSync, readFileSync } from "node:fs";

/** A process as the kernel lists it. */
export interface ListedProcess {
  readonly pid: number;
  readonly parentPid: number;
  /** One letter: R running, S sleeping, T stopped, Z ended but not yet collected … */
  readonly state: string;
  readonly command: string;
}

/** All live processes; those that have ended and wait to be collected are not live. */
export function liveProcesses(): ListedProcess[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)))
    .filter(({ state }) => state !== "Z" && state !== "X");
}

/** The live processes that this one started itself. */
export function childrenOf(pid: number): ListedProcess[] {
  return liveProcesses().filter(({ parentPid }) => parentPid === pid);
}

/** Whether the process is live. */
export function isLive(pid: number): boolean {
  return readProcess(pid).some(({ state }) => state !== "Z" && state !== "X");
}

function readProcess(pid: number): ListedProcess[] {
  try {
    // The name in parentheses may hold anything, so the fields are counted from its end.
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
    return [{ pid, parentPid: Number(parent), state, command }];
  } catch {
    // It ended while the list was read.
    return [];
  }
}
