import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The kernel's number for a TCP socket that waits for connections. */
const listening = "0A";

/** The paths of the Unix sockets that a process has bound. */
export function boundSockets(pid: number): string[] {
  // Num RefCount Protocol Flags Type St Inode Path
  const lines = heldLines(pid, "unix", 6);
  return [...new Set(lines.flatMap(([, , , , , , , path]) => path ?? []))];
}

/** The addresses on which a process waits for TCP connections, in hexadecimal as the kernel writes them. */
export function listeningAddresses(pid: number): string[] {
  // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
  const lines = ["tcp", "tcp6"].flatMap((table) => heldLines(pid, table, 9));
  return lines.filter(([, , , state]) => state === listening).map(([, local = ""]) => local.split(":")[0] ?? "");
}

/** The lines of a table of the kernel's that are about sockets of the process. */
function heldLines(pid: number, table: string, inodeField: number): string[][] {
  const held = heldSockets(pid);
  const lines = readFileSync(`/proc/${pid}/net/${table}`, "utf8").split("\n").slice(1);
  return lines.map((line) => line.trim().split(/\s+/)).filter((fields) => held.has(fields[inodeField] ?? ""));
}

function heldSockets(pid: number): Set<string> {
  return new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        // Closed while the list was read.
        return [];
      }
    }),
  );
}
