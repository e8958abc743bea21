import { eventually, eventuallyMs } from "../eventually.js";
import type { KeyValueClient } from "./key-value-client.js";

/** Waits until each of the keys, which have a time to live, is missing. */
export async function untilExpired(
  kv: KeyValueClient,
  keys: readonly string[],
  withinMs = eventuallyMs,
): Promise<void> {
  await eventually(
    `${keys.join(", ")} expire`,
    async () => (await Promise.all(keys.map((key) => kv.exists(key)))).every((exists) => !exists),
    withinMs,
  );
}
