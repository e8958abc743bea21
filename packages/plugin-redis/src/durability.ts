import { GatewayError, type GivenDurability } from "@prism-data/pattern-sdk";
import type { Connection, Reply } from "./connection.js";

/** What each setting must be for an acknowledged write to be synced to disk. Source: redis.conf, "APPEND ONLY MODE". */
const synced = { appendonly: "yes", appendfsync: "always", "no-appendfsync-on-rewrite": "no" } as const;

const names = Object.keys(synced) as readonly (keyof typeof synced)[];

/** What an acknowledged write survives as this Redis is set now. */
export async function durabilityOf(connection: Connection): Promise<GivenDurability> {
  const at = `Redis at ${connection.address}`;
  const settings = await readSettings(connection);
  if (settings === undefined) {
    const advice = `${at} does not tell how it is set; allow the user of this backend +config|get, or take another backend.`;
    return { durability: "backend", advice };
  }
  const wrong = names.filter((name) => settings.get(name) !== synced[name]);
  if (wrong.length === 0) return { durability: "disk" };
  const is = wrong.map((name) => `${name} ${settings.get(name) ?? "unknown"}`).join(", ");
  const set = wrong.map((name) => `${name} ${synced[name]}`).join(", ");
  return { durability: "backend", advice: `${at} has ${is}; set ${set} there, with CONFIG SET or in redis.conf.` };
}

/** `undefined`: a server that does not tell, as managed ones do not. */
async function readSettings(connection: Connection): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return pairsOf(await connection.command("CONFIG", ["GET", ...names]));
  } catch (error) {
    if (error instanceof GatewayError && (error.reason === "BACKEND_DENIED" || error.reason === "BACKEND_FAILED"))
      return;
    throw error;
  }
}

function pairsOf(reply: Reply): ReadonlyMap<string, string> {
  const texts = Array.isArray(reply) ? reply.map(String) : [];
  return new Map(texts.flatMap((name, place) => (place % 2 === 0 ? [[name, texts[place + 1] ?? ""]] : [])));
}
