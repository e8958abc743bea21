// What the kernel says about processes. From /proc, so Linux only.
import { readdirSync, readFileSync } from "node:fs";

const nsPerUs = 1000;

/** CPU time that a process with all its threads has used, in µs, to the nanosecond: not in ticks of the clock. */
function cpuUsOf(pid) {
  const threads = readdirSync(`/proc/${pid}/task`);
  const ranNs = threads.map((thread) =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]),
  );
  return ranNs.reduce((sum, ns) => sum + ns, 0) / nsPerUs;
}

function residentBytesOf(pid) {
  const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return line ? Number(line[1]) * 1024 : 0;
}

const sumOf = (pids, figure) => pids.reduce((sum, pid) => sum + figure(pid), 0);

/** CPU time of some processes together, in µs. */
export const cpuUs = (pids) => sumOf(pids, cpuUsOf);

/** Resident memory of some processes together, in bytes. */
export const residentBytes = (pids) => sumOf(pids, residentBytesOf);

/** The direct children of a process. */
export function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
}
