import { renameSync } from "node:fs";
import { type Message, type QueueOptions, queueCapabilities, queueOptions } from "@prism-data/pattern-sdk";
import { expect, test } from "vitest";
import type { SqliteQueue } from "./queue.js";
import { queueBinder } from "./queue-binder.js";
import type { Store } from "./store.js";
import { bytes, call, callContext, ManualClock, openStore } from "./testing/temporary-store.js";

const message = (id: string): Message => ({ id, key: "", headers: [], contentType: "", payload: bytes(id) });
const asks = { messagesMax: 10, bytesMax: 2 ** 20, leaseMs: 30_000, waitMs: 0 };

async function queueOf(store: Store, options: Partial<QueueOptions> = {}): Promise<SqliteQueue> {
  const binding = {
    namespace: "jobs",
    capabilities: new Set<string>(queueCapabilities),
    options: { ...queueOptions.parse({}), ...options },
  };
  const { pattern } = await queueBinder(store).bind(binding);
  return pattern;
}

async function openQueue(options: Partial<QueueOptions> = {}) {
  const clock = new ManualClock();
  const { store } = await openStore({ nowMs: clock.nowMs });
  return { clock, store, queue: await queueOf(store, options) };
}

const send = (queue: SqliteQueue, ids: readonly string[], deduplicationId?: string) =>
  queue.send(
    ids.map((id) => ({ message: message(id), delayMs: 0, deduplicationId })),
    call,
  );

const tables = ["queue", "queue_message", "queue_content", "queue_deduplication"] as const;
const rows = (store: Store) =>
  tables.map((table) => store.file.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get());

test("what nobody reads is gone from the file when it is too old, and its deduplication id after its window", async () => {
  const { clock, store, queue } = await openQueue({ retentionMs: 10_000, deduplicationWindowMs: 20_000 });
  await send(queue, ["a"], "once");
  clock.advance(9_999);
  await store.sweeper.sweep();
  expect(rows(store)).toEqual([1, 1, 1, 1]);
  clock.advance(1);
  await store.sweeper.sweep();
  expect(rows(store)).toEqual([1, 0, 0, 1]);
  clock.advance(10_000);
  await store.sweeper.sweep();
  expect(rows(store)).toEqual([1, 0, 0, 0]);
});

test("what a worker has stays when it is too old, until its lease has ended", async () => {
  const { clock, store, queue } = await openQueue({ retentionMs: 10_000 });
  await send(queue, ["a"]);
  await queue.receive(asks, call);
  clock.advance(29_999);
  await store.sweeper.sweep();
  expect(rows(store)).toEqual([1, 1, 1, 0]);
  clock.advance(1);
  await store.sweeper.sweep();
  expect(rows(store)).toEqual([1, 0, 0, 0]);
});

test("removing a queue leaves no row behind", async () => {
  const { store, queue } = await openQueue();
  await send(queue, ["a", "b", "c"]);
  await send(queue, ["d"], "once");
  await queueBinder(store).deleteData("jobs");
  expect(rows(store)).toEqual([0, 0, 0, 0]);
});

test("more leases than one transaction takes end at once, and the messages come again in their order", async () => {
  const { clock, queue } = await openQueue();
  const ids = Array.from({ length: 1_200 }, (_, index) => `m${index}`);
  await send(queue, ids);
  await queue.receive({ ...asks, messagesMax: 1_000 }, call);
  await queue.receive({ ...asks, messagesMax: 1_000 }, call);
  clock.advance(30_000);
  expect(await queue.describe(call)).toMatchObject({ ready: 1_200, leased: 0 });
  const again = await queue.receive({ ...asks, messagesMax: 1_000 }, call);
  expect(again.map(({ message: { id } }) => id)).toEqual(ids.slice(0, 1_000));
});

test("a lower number of deliveries holds for what was delivered before", async () => {
  const { store, queue } = await openQueue({ maxDeliveries: 5 });
  await send(queue, ["a"]);
  const [delivery] = await queue.receive(asks, call);
  await queue.reject([delivery!.deliveryId], { delayMs: 0, cause: "no" }, call);
  const other = await queueOf(store, { maxDeliveries: 1 });
  expect(await other.receive(asks, call)).toEqual([]);
  expect((await other.listDeadLetters({ limit: 10, bytesMax: 2 ** 20 }, call)).deadLetters).toMatchObject([
    { message: { id: "a" }, cause: "no", deliveryCount: 1 },
  ]);
});

test("receives that wait are served in their order", async () => {
  const { queue } = await openQueue();
  const waits = { ...asks, messagesMax: 1, waitMs: 60_000 };
  const answers = [queue.receive(waits, call), queue.receive(waits, call)];
  await send(queue, ["a", "b"]);
  const received = await Promise.all(answers);
  expect(received.map(([first]) => first?.message.id)).toEqual(["a", "b"]);
});

test("a receive that waits gets what another process has sent", async () => {
  const { store, path } = await openStore();
  const queue = await queueOf(store);
  const received = queue.receive({ ...asks, waitMs: 60_000 }, call);
  const { store: other } = await openStore({ path });
  await send(await queueOf(other), ["a"]);
  expect(await received).toMatchObject([{ message: { id: "a" } }]);
});

test("a receive whose call ends leases nothing", async () => {
  const { queue } = await openQueue();
  const abort = new AbortController();
  const received = queue.receive({ ...asks, waitMs: 60_000 }, callContext({ signal: abort.signal }));
  await queue.describe(call);
  abort.abort();
  expect(await received).toEqual([]);
  await send(queue, ["a"]);
  expect(await queue.describe(call)).toMatchObject({ ready: 1, leased: 0 });
});

test("a receive that waits fails when the file is taken away", async () => {
  const { store, path } = await openStore();
  const queue = await queueOf(store);
  const received = queue.receive({ ...asks, waitMs: 60_000 }, call);
  renameSync(path, `${path}.away`);
  await expect(received).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
});
