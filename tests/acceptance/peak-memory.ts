import { readFileSync, writeFileSync } from "node:fs";

/** The most memory that a process has had in RAM since `forgetPeakMemory`, in MiB. */
export function peakMemoryMib(pid: number): number {
  const [, kib = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kib) / 1024;
}

/** Begins to measure anew (proc_pid_clear_refs(5)). */
export function forgetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}
