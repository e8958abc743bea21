import type { GivenDurability } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import type { Statement } from "./statement.js";

const read: Statement = {
  name: "durability",
  text: "SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS full_page_writes, current_setting('synchronous_commit') AS synchronous_commit",
};

/** What each setting must not be for a commit to survive a power cut. */
const unsafe = { fsync: "off", full_page_writes: "off", synchronous_commit: "off" } as const;

type Settings = { readonly [Name in keyof typeof unsafe]: string };

/** What an acknowledged write survives, as this server is set for this user: a power cut, unless it was told not to sync. */
export async function durabilityOf(connection: Connection): Promise<GivenDurability> {
  const [settings] = await connection.run<Settings>(read, []);
  return durabilityFrom(settings!, connection.address);
}

/** What the settings of the server at an address give. */
export function durabilityFrom(settings: Settings, address: string): GivenDurability {
  const wrong = (Object.keys(unsafe) as (keyof Settings)[]).filter((name) => settings[name] === unsafe[name]);
  if (wrong.length === 0) return { durability: "disk" };
  const set = wrong.join(" and ");
  const advice = `PostgreSQL at ${address} has ${set} off; set ${set} to on there (for synchronous_commit also for the role).`;
  return { durability: "backend", advice };
}
