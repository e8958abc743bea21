import { randomUUID } from "node:crypto";
import { LocalServer, nats, sharedAddress } from "@prism-data/local-servers";
import type { Queue, SendEntry } from "@prism-data/pattern-sdk";
import { connect } from "nats";
import { expect, test, vi } from "vitest";
import { callWith, messageWith, openBackend } from "./testing/open-backend.js";

const settings = { url: sharedAddress(nats, process.env) };
const soon = { timeout: 15_000, interval: 20 };
const call = callWith();
const now = { messagesMax: 10, bytesMax: 2 ** 20, leaseMs: 60_000, waitMs: 0 };
const entry = (id: string, fields: Partial<SendEntry> = {}): SendEntry => ({
  message: messageWith(id),
  delayMs: 0,
  ...fields,
});
const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

async function receive(queue: Queue, fields: Partial<typeof now> = {}) {
  return queue.receive({ ...now, ...fields }, call);
}

const idsOf = (deliveries: readonly { readonly deliveryId: string }[]) =>
  deliveries.map(({ deliveryId }) => deliveryId);

/** How many messages each stream of a queue has. */
async function kept(url: string, name: string): Promise<Record<string, number>> {
  const connection = await connect({ servers: url });
  try {
    const { streams } = await connection.jetstreamManager();
    const parts = await Promise.all(
      ["messages", "records"].map(async (part) => {
        const { state } = await streams.info(`prism~queue~${name}~${part}`);
        return [part, state.messages] as const;
      }),
    );
    return Object.fromEntries(parts);
  } finally {
    await connection.close();
  }
}

test("workers in two processes get each message once, and all of them", async () => {
  const name = randomUUID();
  await using one = await openBackend(settings);
  await using other = await openBackend(settings);
  const queues = await Promise.all([one, other].map((backend) => backend.queue({ name })));
  const messages = 200;
  const received: string[] = [];
  const done = new AbortController();
  const workers = Array.from({ length: 8 }, async (_, index) => {
    const queue = queues[index % 2]!;
    while (!done.signal.aborted) {
      const deliveries = await queue.receive({ ...now, messagesMax: 7, waitMs: 20_000 }, callWith(done.signal));
      received.push(...deliveries.map(({ message }) => message.id));
      await queue.acknowledge(idsOf(deliveries), call);
      if (received.length >= messages) done.abort();
    }
  });
  await Promise.all(Array.from({ length: messages }, (_, index) => queues[index % 2]!.send([entry(`${index}`)], call)));
  await Promise.all(workers);
  expect([received.length, new Set(received).size]).toEqual([messages, messages]);
  for (const queue of queues) expect(await queue.describe(call)).toMatchObject(nothing);
});

test("what one process has leased, given back or buried the other knows", async () => {
  const name = randomUUID();
  await using one = await openBackend(settings);
  await using other = await openBackend(settings);
  const [mine, theirs] = await Promise.all([one, other].map((backend) => backend.queue({ name, maxDeliveries: 2 })));
  await mine!.send([entry("a"), entry("b", { delayMs: 3_600_000 })], call);
  const [delivery] = await receive(mine!);
  expect(await theirs!.describe(call)).toMatchObject({ ...nothing, leased: 1, delayed: 1 });
  expect(await receive(theirs!)).toEqual([]);
  const waiting = receive(theirs!, { waitMs: 20_000 });
  await mine!.reject([delivery!.deliveryId], { delayMs: 0, cause: "not now" }, call);
  const [again] = await waiting;
  expect(again).toMatchObject({ deliveryCount: 2, message: { id: "a" } });
  // Any process may settle any delivery.
  await mine!.reject([again!.deliveryId], { delayMs: 0, cause: "never" }, call);
  expect(await theirs!.listDeadLetters!({ limit: 10, bytesMax: 1_000 }, call)).toMatchObject({
    deadLetters: [{ message: { id: "a" }, cause: "never", deliveryCount: 2 }],
  });
});

test("a deduplication id is sent once by two processes at once", async () => {
  const name = randomUUID();
  await using one = await openBackend(settings);
  await using other = await openBackend(settings);
  const queues = await Promise.all([one, other].map((backend) => backend.queue({ name })));
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      queues[index % 2]!.send([entry(`${index}`, { deduplicationId: "d" })], call),
    ),
  );
  const sent = answers.flat().map((answer) => (answer.ok ? answer.result : undefined));
  expect(sent.filter((one) => one?.duplicate === false)).toHaveLength(1);
  expect(new Set(sent.map((one) => one?.id)).size).toBe(1);
  expect(await queues[0]!.describe(call)).toMatchObject({ ...nothing, ready: 1 });
});

test("what was acknowledged, and what is known of it, is gone from the server soon", async () => {
  const name = randomUUID();
  await using opened = await openBackend(settings);
  const queue = await opened.queue({ name });
  await queue.send([entry("a"), entry("b"), entry("c", { deduplicationId: "d" })], call);
  const first = await receive(queue);
  await queue.reject(idsOf(first), { delayMs: 0, cause: "once more" }, call);
  await queue.acknowledge(idsOf(await receive(queue)), call);
  // The deduplication id counts for its window.
  await vi.waitFor(async () => expect(await kept(settings.url, name)).toEqual({ messages: 1, records: 0 }), soon);
}, 30_000);

test("what a process that ended left half done is not delivered again, and the next process finishes it", async () => {
  const name = randomUUID();
  await using before = await openBackend(settings);
  await (await before.queue({ name })).send([entry("a"), entry("b")], call);
  const done = { state: "done", messageId: "a", sizeBytes: 1, sentAtMs: 0, deliveryCount: 1, atMs: 0 };
  await using server = await connect({ servers: settings.url }).then((connection) => ({
    acknowledge: () => connection.jetstream().publish(`prism.$queue.${name}.records.1`, JSON.stringify(done)),
    [Symbol.asyncDispose]: () => connection.close(),
  }));
  await server.acknowledge();
  await using after = await openBackend(settings);
  const queue = await after.queue({ name });
  expect((await receive(queue)).map(({ message }) => message.id)).toEqual(["b"]);
  await vi.waitFor(async () => expect(await kept(settings.url, name)).toEqual({ messages: 1, records: 2 }), soon);
});

test("after every kill of the server what was sent is there, what was acknowledged is not, and leases hold", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await openBackend({ url: server.url });
  const queue = await opened.queue({ maxDeliveries: 100 });
  await queue.send([entry("held"), entry("later", { delayMs: 3_600_000 })], call);
  const [held] = await receive(queue);
  for (let round = 0; round < 3; round++) {
    const acknowledged = entry(`${round}`, { deduplicationId: `${round}` });
    await queue.send([acknowledged, entry("kept")], call);
    const deliveries = await receive(queue);
    const [gone, back] = [deliveries[0]!, deliveries[1]!];
    expect(gone.message.id).toBe(`${round}`);
    expect(await queue.acknowledge([gone.deliveryId], call)).toEqual([{ ok: true, result: undefined }]);
    await queue.reject([back.deliveryId], { delayMs: 0, cause: "again" }, call);
    await server.kill();
    await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), soon);
    const askedAtMs = performance.now();
    await expect(receive(queue)).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE", retryAfterMs: 500 });
    expect(performance.now() - askedAtMs).toBeLessThan(100);
    await server.start();
    const backAtMs = performance.now();
    await vi.waitFor(async () => expect(await queue.describe(call)).toMatchObject({ ready: 1, leased: 1 }), soon);
    expect(performance.now() - backAtMs).toBeLessThan(2_000);
    expect(await queue.send([acknowledged], call)).toMatchObject([{ ok: true, result: { duplicate: true } }]);
    const [again] = await receive(queue);
    expect(again).toMatchObject({ message: { id: "kept" }, deliveryCount: 2 });
    await queue.acknowledge([again!.deliveryId], call);
    expect(await queue.describe(call)).toMatchObject({ ...nothing, leased: 1, delayed: 1 });
  }
  expect(await queue.acknowledge([held!.deliveryId], call)).toEqual([{ ok: true, result: undefined }]);
}, 90_000);

test("a worker that waits over an outage of the server is told, and the next gets what was sent meanwhile", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await openBackend({ url: server.url });
  const queue = await opened.queue();
  const waiting = receive(queue, { waitMs: 30_000 });
  const outcome = waiting.then(
    (deliveries) => deliveries.length,
    (error) => `${error.reason} ${error.message}`,
  );
  await server.restart();
  await vi.waitFor(async () => expect(await queue.send([entry("a")], call)).toMatchObject([{ ok: true }]), soon);
  const handled = (await Promise.race([
    outcome,
    receive(queue, { waitMs: 20_000 }).then(({ length }) => length),
  ])) as unknown;
  expect(String(handled)).toMatch(/^1$|^BACKEND_UNAVAILABLE/);
  expect(await queue.describe(call)).toMatchObject(handled === 1 ? { leased: 1 } : {});
}, 60_000);
