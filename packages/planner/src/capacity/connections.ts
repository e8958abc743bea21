import type { Needs } from "../needs.js";
import type { Offer } from "../offer.js";
import { countText } from "../quantity.js";
import type { Draft } from "./figure.js";

/** What a pool of connections is sized by. */
interface Pool {
  /** The setting of the plugin. */
  readonly setting: string;
  readonly connectionsDefault: number;
  readonly connectionsMax: number;
  /** Calls a second that one connection takes, with room to spare. */
  readonly callsPerConnection: number;
}

/** Plugins that answer each call on a connection of its own, by name; the others need one for all. */
export const poolOf: Readonly<Record<string, Pool>> = {
  postgres: { setting: "pool_size", connectionsDefault: 10, connectionsMax: 200, callsPerConnection: 100 },
};

/** Connections that the calls need. The pool is the backend's and not the namespace's, so that one too small is only told. */
export function planConnections(
  { readsPerSecond, writesPerSecond }: Needs,
  { backend, plugin, facts }: Offer,
  { figures, warnings }: Draft,
): void {
  const pool = poolOf[plugin];
  if (pool === undefined || (readsPerSecond === undefined && writesPerSecond === undefined)) return;
  const { setting, connectionsDefault, connectionsMax, callsPerConnection } = pool;
  const calls = (readsPerSecond ?? 0) + (writesPerSecond ?? 0);
  const wanted = Math.min(connectionsMax, Math.max(connectionsDefault, Math.ceil(calls / callsPerConnection)));
  figures.push({
    name: "connections",
    value: countText(wanted),
    formula: `${countText(calls)} calls/s ÷ ${callsPerConnection} calls/s per connection, from ${connectionsDefault} to ${connectionsMax}`,
  });
  const there = facts?.connectionsMax ?? connectionsDefault;
  if (there < wanted)
    warnings.push(
      `${backend} has ${setting}: ${there}; set it to ${wanted} for this namespace alone, and more for its others`,
    );
}
