import { randomUUID } from "node:crypto";
import { redis, sharedAddress } from "@prism-data/local-servers";
import type { SendEntry } from "@prism-data/pattern-sdk";
import { Redis } from "ioredis";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { callWith, eventually, messageWith, type OpenBackend, openBackend } from "./testing/open-backend.js";

const url = sharedAddress(redis, process.env);
const admin = new Redis(url);
afterAll(() => admin.disconnect());

const call = callWith();
const now = { messagesMax: 10, bytesMax: 2 ** 20, leaseMs: 60_000, waitMs: 0 };
const entry = (id: string, fields: Partial<SendEntry> = {}): SendEntry => ({
  message: messageWith({ id }),
  delayMs: 0,
  ...fields,
});
const namesOf = (namespace: string) => admin.keys(`prism:queue:{${namespace}}:*`);

async function opened(): Promise<OpenBackend> {
  const backend = await openBackend({ url });
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}

test("two processes share a queue: who waits in one gets at once what the other sends and gives back", async () => {
  const name = randomUUID();
  const [here, there] = [await (await opened()).queue({ name }), await (await opened()).queue({ name })];
  const waiting = here.receive({ ...now, waitMs: 20_000 }, call);
  const startedAtMs = performance.now();
  await there.send([entry("m")]);
  const [delivery] = await waiting;
  expect([delivery?.message.id, delivery?.deliveryCount]).toEqual(["m", 1]);
  const again = there.receive({ ...now, waitMs: 20_000 }, call);
  expect(await here.reject([delivery!.deliveryId], { delayMs: 0, cause: "c" })).toMatchObject([{ ok: true }]);
  expect((await again)[0]).toMatchObject({ message: { id: "m" }, deliveryCount: 2 });
  expect(performance.now() - startedAtMs).toBeLessThan(5_000);
});

test("messages, dead letters and ids that are over leave nothing but two numbers on the server", async () => {
  const name = randomUUID();
  const backend = await opened();
  const queue = await backend.queue({
    name,
    options: { retentionMs: 1_000, maxDeliveries: 1, deduplicationWindowMs: 1_000 },
  });
  await queue.send([entry("dead", { deduplicationId: "d" })]);
  const [dead] = await queue.receive(now, call);
  await queue.reject([dead!.deliveryId], { delayMs: 0, cause: "c" });
  await queue.send([entry("ready"), entry("delayed", { delayMs: 3_600_000 }), entry("returning", { delayMs: 50 })]);
  await eventually(async () => (await queue.describe()).ready === 2);
  await eventually(async () => (await namesOf(name)).length === 1);
  expect(await admin.hgetall(`prism:queue:{${name}}:meta`)).toEqual({ sent: "4", deaths: "1" });
  expect(await backend.backend.queue?.deleteData(name)).toHaveLength(1);
  expect(await namesOf(name)).toEqual([]);
  expect(await backend.backend.queue?.deleteData(name)).toEqual([]);
});

test("the data of a queue is deleted without a trace, whatever state its messages are in", async () => {
  const name = randomUUID();
  const backend = await opened();
  const queue = await backend.queue({ name, options: { maxDeliveries: 1 } });
  await queue.send([entry("a", { deduplicationId: "d" }), entry("b"), entry("c"), entry("d", { delayMs: 60_000 })]);
  const [dead] = await queue.receive({ ...now, messagesMax: 1 }, call);
  await queue.reject([dead!.deliveryId], { delayMs: 0, cause: "c" });
  await queue.receive({ ...now, messagesMax: 1 }, call);
  expect(await queue.describe()).toMatchObject({ ready: 1, leased: 1, delayed: 1, dead: 1 });
  await backend.backend.queue?.deleteData(name);
  expect(await namesOf(name)).toEqual([]);
});

test("a description counts right when more leases have ended than one script goes on with", async () => {
  const queue = await (await opened()).queue();
  await queue.send(Array.from({ length: 1_000 }, (_, index) => entry(`${index}`)));
  await queue.send([entry("one more")]);
  for (let taken = 0; taken < 1_001; ) {
    taken += (await queue.receive({ ...now, messagesMax: 1_000, leaseMs: 1_000 }, call)).length;
  }
  await eventually(async () => (await queue.describe()).ready === 1_001);
});

test("a name of one queue is none of another's, nor of key-value's", async () => {
  const name = `a:{b}%${randomUUID()}`;
  const backend = await opened();
  const queue = await backend.queue({ name });
  const kv = await backend.namespace({ name });
  await queue.send([entry("m")]);
  await kv.set({ key: "k", value: Buffer.from("v") });
  await backend.backend.keyValue?.deleteData(name);
  expect((await queue.describe()).ready).toBe(1);
  await kv.set({ key: "k", value: Buffer.from("v") });
  await backend.backend.queue?.deleteData(name);
  expect((await kv.get("k"))?.value.toString()).toBe("v");
});
