import type { Connection } from "./connection.js";
import { evictionForbidden } from "./errors.js";

/** Which names a server may drop by itself: any, or those that have a time to live. */
type Droppable = "any" | "expiring";

/** Throws when the server may drop names of this kind, and so parts of a whole without anybody noticing. */
export async function requireNoEviction(connection: Connection, kept: Droppable): Promise<void> {
  const memory = String(await connection.command("INFO", ["memory"]));
  const policy = /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? "noeviction";
  const isBounded = !/^maxmemory:0\s/m.test(memory);
  const spares = kept === "any" ? policy.startsWith("volatile-") : false;
  if (isBounded && policy !== "noeviction" && !spares) throw evictionForbidden(connection.address, policy, kept);
}
