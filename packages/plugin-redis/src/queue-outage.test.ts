import { LocalServer, redis } from "@prism-data/local-servers";
import { Redis } from "ioredis";
import { expect, onTestFinished, test } from "vitest";
import { callWith, eventually, failureOf, messageWith, openBackend } from "./testing/open-backend.js";

/** What may pass after Redis is back. */
const recoveryMsMax = 2_000;

const startRedis = (...given: string[]) =>
  LocalServer.start(redis, { environment: process.env, arguments: () => given });

const call = callWith();
const now = { messagesMax: 10, bytesMax: 2 ** 20, leaseMs: 600_000, waitMs: 0 };
const entry = (id: string) => ({ message: messageWith({ id }), delayMs: 0 });

test("a queue fails fast while Redis is killed, and works on within 2 s with all that it had accepted", async () => {
  await using server = await startRedis("--appendonly", "yes", "--appendfsync", "always");
  await using opened = await openBackend({ url: server.url });
  const queue = await opened.queue();
  await queue.send(["taken", "there"].map(entry));
  const [taken] = await queue.receive({ ...now, messagesMax: 1 }, call);
  await server.kill();
  await eventually(() => opened.health.at(-1)?.reachable === false);
  const failure = await failureOf(queue.receive({ ...now, waitMs: 20_000 }, call));
  expect([failure.reason, (failure.retryAfterMs ?? 0) > 0]).toEqual(["BACKEND_UNAVAILABLE", true]);
  await server.start();
  const startedAtMs = performance.now();
  await eventually(() =>
    queue.send([entry("new")]).then(
      () => true,
      () => false,
    ),
  );
  expect(performance.now() - startedAtMs).toBeLessThan(recoveryMsMax);
  expect(await queue.acknowledge([taken!.deliveryId])).toEqual([{ ok: true, result: undefined }]);
  const deliveries = await queue.receive(now, call);
  expect(deliveries.map(({ message, deliveryCount }) => [message.id, deliveryCount])).toEqual([
    ["there", 1],
    ["new", 1],
  ]);
});

test("who waits while the connection for news is lost still gets what comes, and what comes later", async () => {
  await using server = await startRedis();
  await using opened = await openBackend({ url: server.url });
  const queue = await opened.queue();
  const admin = new Redis(server.url);
  onTestFinished(() => admin.disconnect());
  for (const id of ["first", "second"]) {
    const waiting = queue.receive({ ...now, waitMs: 30_000 }, call);
    await eventually(async () => ((await admin.pubsub("CHANNELS")) as unknown[]).length === 1);
    await admin.call("CLIENT", "KILL", "TYPE", "pubsub");
    await queue.send([entry(id)]);
    expect((await waiting).map(({ message }) => message.id)).toEqual([id]);
  }
});

test("a full Redis refuses to send with CAPACITY_EXHAUSTED, and gives out what it has", async () => {
  await using server = await startRedis("--maxmemory", "8mb", "--maxmemory-policy", "noeviction");
  await using opened = await openBackend({ url: server.url });
  const queue = await opened.queue();
  const large = (id: number) => ({ message: messageWith({ id: `${id}`, payload: Buffer.alloc(2 ** 20) }), delayMs: 0 });
  let sent = 0;
  const fill = async () => {
    for (; sent < 20; sent++) await queue.send([large(sent)]);
  };
  expect((await failureOf(fill())).reason).toBe("CAPACITY_EXHAUSTED");
  for (let taken = 0; taken < sent; taken++) {
    const [delivery] = await queue.receive({ ...now, messagesMax: 1 }, call);
    expect(delivery?.message.id).toBe(`${taken}`);
    expect(await queue.acknowledge([delivery!.deliveryId])).toMatchObject([{ ok: true }]);
  }
  await queue.send([large(sent)]);
});

test.each([
  ["allkeys-lru", "NAMESPACE_UNAVAILABLE"],
  ["volatile-ttl", undefined],
])("a bounded Redis that drops keys by %s: %s", async (policy, reason) => {
  await using server = await startRedis("--maxmemory", "100mb", "--maxmemory-policy", policy);
  await using opened = await openBackend({ url: server.url });
  const bound = await opened.queue().then(
    () => undefined,
    (error) => error.reason,
  );
  expect(bound).toBe(reason);
});
