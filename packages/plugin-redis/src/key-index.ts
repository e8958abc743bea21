import { randomUUID } from "node:crypto";
import type { Connection, Reply } from "./connection.js";
import { indexNotReady } from "./errors.js";
import { requireNoEviction } from "./eviction.js";
import { beginIndexScript, finishIndexScript, indexKeysScript } from "./index-scripts.js";
import type { KeySpace } from "./key-space.js";
import { indexState } from "./scripts.js";

/** How many names one SCAN looks at: a reply of about a millisecond. */
const scanNames = 1_000;

/** A build is void when its mark was removed meanwhile, as by FLUSHALL; that this happens again and again is no accident. */
const attemptsMax = 5;

/**
 * Builds the index of a namespace from the values that exist, and returns how many keys were found; when it stands already,
 * nothing happens, and it returns `undefined`.
 *
 * First the namespace is marked: from then on every writer's script, also of a binding without an index, keeps the index. Then
 * SCAN goes over the database and hands every value's key to a script that adds the ones that still exist. A key is written
 * either before the mark, and SCAN finds it, or after it, and its writer adds it; a key removed meanwhile is not added, since
 * checking and adding is one script. Two builders share the mark and disturb nothing: what both add is the same.
 */
export async function buildIndex(connection: Connection, space: KeySpace): Promise<number | undefined> {
  const keys = [space.state, space.index, space.expiry];
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    await requireNoEviction(connection, "expiring");
    const id = `${indexState.building}:${randomUUID()}`;
    const build = String(await connection.run(beginIndexScript, keys, [space.base, space.channel, "1", id]));
    if (build === indexState.built) return undefined;
    const found = await indexExisting(connection, space, build);
    if (found === undefined) continue;
    if ((await connection.run(finishIndexScript, keys, [space.base, space.channel, "1", build])) === 1) return found;
  }
  throw indexNotReady();
}

/** Whether the namespace is marked to have an index. */
export async function hasIndex(connection: Connection, space: KeySpace): Promise<boolean> {
  return (await connection.command("EXISTS", [space.state])) === 1;
}

/** Removes the index of a namespace that no longer needs it. Returns whether there was one. */
export async function dropIndex(connection: Connection, space: KeySpace): Promise<boolean> {
  return (await connection.command("UNLINK", [space.state, space.index, space.expiry])) !== 0;
}

/** Returns how many keys were found; `undefined` when the build is void. */
async function indexExisting(connection: Connection, space: KeySpace, build: string): Promise<number | undefined> {
  const keys = [space.state, space.index, space.expiry];
  const prefixBytes = Buffer.byteLength(space.values);
  let found = 0;
  for await (const names of namesFrom(connection, space.values)) {
    const existing = names.map((name) => name.subarray(prefixBytes));
    if ((await connection.run(indexKeysScript, keys, [space.base, space.channel, "1", build, ...existing])) !== 1)
      return undefined;
    found += existing.length;
  }
  return found;
}

/** All names on the server that start with `prefix`, in batches; one that exists all the while comes at least once. */
export async function* namesFrom(connection: Connection, prefix: string): AsyncGenerator<Buffer[]> {
  let cursor = "0";
  do {
    const args = [cursor, "MATCH", `${prefix}*`, "COUNT", scanNames];
    const [next, names] = (await connection.command("SCAN", args)) as readonly [Reply, readonly Buffer[]];
    if (names.length > 0) yield [...names];
    cursor = String(next);
  } while (cursor !== "0");
}
