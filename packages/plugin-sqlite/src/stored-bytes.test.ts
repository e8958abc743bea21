import { idempotencyWindowMs, type QueueOptions, queueCapabilities, queueOptions } from "@prism-data/pattern-sdk";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { queueBinder } from "./queue-binder.js";
import type { Store } from "./store.js";
import { bytes, call, ManualClock, openStore, reasonOf, token } from "./testing/temporary-store.js";

const asks = { messagesMax: 10, bytesMax: 2 ** 20, leaseMs: 30_000, waitMs: 0 };
const queueBounds: Partial<QueueOptions> = { retentionMs: 60_000, deduplicationWindowMs: 60_000 };

const heldBytes = (store: Store, name: string) =>
  store.storedBytes(store.file.read(() => store.namespaces.idOf(name)) ?? 0);

async function fullStore() {
  const clock = new ManualClock();
  const { store, keyValue, path } = await openStore({ nowMs: clock.nowMs });
  const bound = await queueBinder(store).bind({
    namespace: "jobs",
    capabilities: new Set<string>(queueCapabilities),
    options: { ...queueOptions.parse({}), ...queueBounds },
  });
  return { clock, store, keyValue, path, queue: bound.pattern };
}

test("whatever becomes of rows, what is counted is what is there, and nothing when nothing is", async () => {
  const { clock, store, keyValue, path, queue } = await fullStore();
  await keyValue.set({ key: "grows", value: bytes("v") }, call);
  await keyValue.set({ key: "grows", value: bytes("v".repeat(9_000)) }, call);
  await keyValue.set({ key: "shrinks", value: bytes("v".repeat(9_000)), token: token(1n) }, call);
  await keyValue.set({ key: "shrinks", value: bytes("v"), token: token(2n) }, call);
  await keyValue.set({ key: "expires", value: bytes("v".repeat(9_000)), ttlMs: 1 }, call);
  await keyValue.set({ key: "stays", value: bytes("v"), ttlMs: 100_000 }, call);
  expect(
    await reasonOf(() => keyValue.set({ key: "stays", value: bytes("w"), condition: { kind: "absent" } }, call)),
  ).toBe("KEY_EXISTS");
  for (const id of ["a", "b", "c"]) {
    const message = { id, key: "", headers: [], contentType: "", payload: bytes(id.repeat(1_000)) };
    await queue.send([{ message, delayMs: 0, deduplicationId: "once" }], call);
    clock.advance(50_000);
  }
  const [delivery] = await queue.receive(asks, call);
  await queue.acknowledge([delivery!.deliveryId], call);
  await store.sweeper.sweep();

  const counted = ["demo", "jobs"].map((name) => heldBytes(store, name));
  store.close();
  forgetCounts(path);
  const { store: again, keyValue: found } = await openStore({ path, nowMs: clock.nowMs });
  expect(["demo", "jobs"].map((name) => heldBytes(again, name))).toEqual(counted);
  expect(counted[0]).toBeGreaterThan(9_000);
  expect(counted[0]).toBeLessThan(11_000);
  expect(counted[1]).toBeGreaterThan(0);

  for (const key of ["grows", "shrinks", "stays"]) await found.delete({ key }, call);
  clock.advance(idempotencyWindowMs);
  await again.sweeper.sweep();
  expect(["demo", "jobs"].map((name) => heldBytes(again, name))).toEqual([0, 0]);
});

/** Makes a file one of before: what it holds is counted when it is opened. */
function forgetCounts(path: string): void {
  const db = new Database(path);
  const triggers = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
  for (const name of triggers) db.exec(`DROP TRIGGER ${name}`);
  db.exec("ALTER TABLE namespace DROP COLUMN stored_bytes");
  db.pragma(`user_version = ${Number(db.pragma("user_version", { simple: true })) - 1}`);
  db.close();
}
