import { randomUUID } from "node:crypto";
import { LocalServer, nats, sharedAddress } from "@prism-data/local-servers";
import type { KeyValue } from "@prism-data/pattern-sdk";
import { connect, headers } from "nats";
import { expect, test, vi } from "vitest";
import { callWith, openBackend } from "./testing/open-backend.js";

const settings = { url: sharedAddress(nats, process.env) };
const soon = { timeout: 15_000, interval: 10 };
const value = Buffer.from("v");

test("increments of one key by two processes are all counted", async () => {
  const name = randomUUID();
  await using one = await openBackend(settings);
  await using other = await openBackend(settings);
  const stores = await Promise.all([one, other].map((each) => each.keyValue(name)));
  const sums = await Promise.all(
    Array.from({ length: 60 }, (_, index) => stores[index % 2]!.increment!("k", 1n, callWith())),
  );
  expect(new Set(sums.map((sum) => sum.value)).size).toBe(60);
  expect((await stores[0]!.get("k", callWith()))?.value.toString()).toBe("60");
});

test("of writes by two processes the last one counts, also after the key was deleted or has expired", async () => {
  const name = randomUUID();
  await using one = await openBackend(settings);
  await using other = await openBackend(settings);
  const [mine, theirs] = await Promise.all([one, other].map((each) => each.keyValue(name)));
  const writes = async (writer: KeyValue, text: string, ttlMs?: number) => {
    const { etag } = await writer.set({ key: "k", value: Buffer.from(text), ttlMs }, callWith());
    for (const reader of [mine!, theirs!]) {
      const entry = await reader.get("k", callWith());
      expect([entry?.etag, entry?.value.toString()]).toEqual([etag, text]);
    }
  };
  await writes(mine!, "1");
  await writes(mine!, "2");
  await writes(theirs!, "3");
  await writes(mine!, "4");
  await theirs!.delete({ key: "k" }, callWith());
  await writes(mine!, "5", 1_000);
  await vi.waitFor(async () => expect(await found(mine!)).toBeUndefined(), soon);
  await writes(mine!, "6");
});

test("a write without an idempotency token keeps the token of the one before", async () => {
  const name = randomUUID();
  await using opened = await openBackend(settings);
  const store = await opened.keyValue(name);
  const token = { timeMicros: BigInt(Date.now()) * 1_000n, nonce: Buffer.from("nonce") };
  const first = await store.set({ key: "k", value, token }, callWith());
  for (let round = 0; round < 2; round++) await store.set({ key: "k", value: Buffer.from("later") }, callWith());
  expect(await store.set({ key: "k", value, token }, callWith())).toEqual(first);
  expect((await found(store))?.value.toString()).toBe("later");
});

test("what has expired or was deleted is gone from the server, also when nobody reads", async () => {
  const name = randomUUID();
  await using opened = await openBackend(settings);
  const store = await opened.keyValue(name);
  await store.set({ key: "short", value, ttlMs: 1_000 }, callWith());
  await store.set({ key: "deleted", value }, callWith());
  await store.delete({ key: "deleted" }, callWith());
  await using server = await connect({ servers: settings.url }).then((connection) => ({
    info: async () => (await connection.jetstreamManager()).streams.info(`prism~kv~${name}~keys`),
    [Symbol.asyncDispose]: () => connection.close(),
  }));
  await vi.waitFor(async () => expect((await server.info()).state).toMatchObject({ messages: 0, bytes: 0 }), soon);
});

test("what a kill of NATS leaves of a replaced value is removed before anything is read, and does not come back", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await openBackend({ url: server.url });
  const name = randomUUID();
  const store = await opened.keyValue(name);
  await store.set({ key: "k", value: Buffer.from("older") }, callWith());
  const connection = await connect({ servers: server.url });
  // A write that is cut in two: stored, and what it replaces not yet removed.
  const given = headers();
  given.set("Nats-TTL", "3s");
  await connection.jetstream().publish(`prism.$kv.${name}.keys.k`, "newer", { headers: given });
  await connection.close();
  await server.kill();
  await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), soon);
  await server.start();
  const read = async () => (await found(store))?.value.toString();
  await vi.waitFor(async () => expect(await read()).toBe("newer"), soon);
  await vi.waitFor(async () => expect(await read()).not.toBe("newer"), soon);
  expect(await read()).toBeUndefined();
}, 60_000);

test("while NATS is away calls fail at once, and soon after its return they work on what was acknowledged", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await openBackend({ url: server.url });
  const store = await opened.keyValue();
  const { etag } = await store.set({ key: "k", value }, callWith());
  await server.kill();
  await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), soon);
  const sentAtMs = performance.now();
  await expect(store.get("k", callWith())).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
  await expect(store.set({ key: "k", value }, callWith())).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
  expect(performance.now() - sentAtMs).toBeLessThan(100);
  await server.start();
  const backAtMs = performance.now();
  await vi.waitFor(async () => expect((await found(store))?.etag).toBe(etag), soon);
  expect(performance.now() - backAtMs).toBeLessThan(2_000);
}, 60_000);

const found = async (store: KeyValue) => store.get("k", callWith());
