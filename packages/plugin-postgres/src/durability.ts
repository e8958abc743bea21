import type { Durability } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Statement } from "./statement.js";

const read: Statement = {
  name: "durability",
  text: "SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages, current_setting('synchronous_commit') AS commits",
};

/**
 * What an acknowledged write survives, as this server is set: a power cut, unless it was told not to sync (`fsync`,
 * `full_page_writes` or `synchronous_commit` off).
 */
export async function durabilityOf(connection: Connection): Promise<Durability> {
  const [settings] = await connection.run<{ fsync: string; pages: string; commits: string }>(read, []);
  const { fsync, pages, commits } = settings!;
  return fsync === "on" && pages === "on" && commits !== "off" ? "disk" : "backend";
}
