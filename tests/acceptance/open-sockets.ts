import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The paths of the Unix sockets that a process has bound. */
export function boundSockets(pid: number): string[] {
  const held = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        // Closed while the list was read.
        return [];
      }
    }),
  );
  // Num RefCount Protocol Flags Type St Inode Path
  const lines = readFileSync(`/proc/${pid}/net/unix`, "utf8").split("\n").slice(1);
  const paths = lines.map((line) => line.trim().split(/\s+/)).filter(([, , , , , , inode = ""]) => held.has(inode));
  return [...new Set(paths.flatMap(([, , , , , , , path]) => path ?? []))];
}
