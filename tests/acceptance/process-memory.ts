import { readFileSync } from "node:fs";

/** What a process holds in memory, in bytes. */
export interface ProcessMemory {
  readonly residentBytes: number;
  /** The most it ever held. */
  readonly peakBytes: number;
}

export function memoryOf(pid: number): ProcessMemory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kibOf = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]);
  return { residentBytes: kibOf("VmRSS") * 1024, peakBytes: kibOf("VmHWM") * 1024 };
}
