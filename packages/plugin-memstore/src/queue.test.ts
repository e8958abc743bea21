import {
  type CallContext,
  EtagSource,
  GatewayError,
  type QueueOptions,
  queueCapabilities,
  queueOptions,
  type SendEntry,
} from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.js";
import { MemoryQueue } from "./queue.js";
import { ManualClock } from "./testing/manual-clock.js";

const context = { signal: new AbortController().signal } as CallContext;

function emptyQueue(written: Readonly<Record<string, unknown>> = {}, maxBytes = 1_000_000) {
  const clock = new ManualClock();
  const budget = new ByteBudget(maxBytes);
  const binding = bindingOf(queueOptions.parse(written));
  const queue = new MemoryQueue({ budget, clock, etags: new EtagSource() }, binding);
  return { clock, budget, queue };
}

function bindingOf(options: QueueOptions) {
  return { namespace: "n", options, capabilities: new Set<string>(queueCapabilities) };
}

function entryOf(id: string, { delayMs = 0, payload = Buffer.from("p"), ...rest }: Partial<Entry> = {}): SendEntry {
  return { message: { id, key: "", headers: [], contentType: "", payload }, delayMs, ...rest };
}

interface Entry {
  readonly delayMs: number;
  readonly payload: Uint8Array;
  readonly deduplicationId: string;
}

const receive = { messagesMax: 100, bytesMax: 1_000_000, leaseMs: 30_000, waitMs: 0 };

function received(queue: MemoryQueue, change: Partial<typeof receive> = {}) {
  const deliveries = queue.receive({ ...receive, ...change }, context);
  if (deliveries instanceof Promise) throw new Error("the receive waits");
  return deliveries;
}

const idsIn = (queue: MemoryQueue, change: Partial<typeof receive> = {}) =>
  received(queue, change).map(({ message }) => message.id);

function reasonsOf(results: readonly { readonly ok: boolean; readonly error?: unknown }[]) {
  return results.map(({ error }) => (error instanceof GatewayError ? error.reason : error));
}

describe("payloads", () => {
  test("pin nothing but their own bytes", () => {
    const { queue } = emptyQueue();
    queue.send([entryOf("a", { payload: Buffer.alloc(100_000).subarray(0, 10) })]);
    expect(received(queue)[0]?.message.payload.buffer.byteLength).toBe(10);
  });

  test("of a receive stay within its bytes, but for a first one that is larger", () => {
    const { queue } = emptyQueue();
    queue.send(["a", "b", "c"].map((id) => entryOf(id, { payload: Buffer.alloc(1_000) })));
    expect(idsIn(queue, { bytesMax: 2_500 })).toEqual(["a", "b"]);
    expect(idsIn(queue, { bytesMax: 10 })).toEqual(["c"]);
  });
});

describe("messages come", () => {
  test("in the order in which they were sent, and those that come back in their place", () => {
    const { queue } = emptyQueue();
    queue.send(["a", "b", "c", "d"].map((id) => entryOf(id)));
    const [a, b] = received(queue, { messagesMax: 2 });
    queue.reject([b!.deliveryId], { delayMs: 0, cause: "no" });
    queue.release([a!.deliveryId], false);
    expect(idsIn(queue)).toEqual(["a", "b", "c", "d"]);
  });

  test("after their delay to the ms, whether or not anybody asks", () => {
    const { queue, clock } = emptyQueue();
    queue.send([entryOf("later", { delayMs: 5_000 }), entryOf("now")]);
    expect(idsIn(queue)).toEqual(["now"]);
    clock.advance(4_999);
    expect(queue.describe()).toMatchObject({ ready: 0, leased: 1, delayed: 1 });
    clock.advance(1);
    expect(queue.describe()).toMatchObject({ ready: 1, delayed: 0 });
  });

  test("after their lease to the ms, also when the timer is late", () => {
    const { queue, clock } = emptyQueue();
    queue.send([entryOf("a")]);
    const [first] = received(queue);
    clock.stall(29_999);
    expect(idsIn(queue)).toEqual([]);
    clock.stall(1);
    expect(reasonsOf(queue.acknowledge([first!.deliveryId]))).toEqual(["LEASE_LOST"]);
    expect(received(queue).map(({ deliveryCount }) => deliveryCount)).toEqual([2]);
  });
});

describe("a receive that waits", () => {
  const waiting = (queue: MemoryQueue, change: Partial<typeof receive> = {}, signal = context.signal) =>
    Promise.resolve(queue.receive({ ...receive, messagesMax: 1, waitMs: 10_000, ...change }, { ...context, signal }));

  test("is served before those that came after it, each with its own", async () => {
    const { queue, clock } = emptyQueue();
    const waits = [waiting(queue), waiting(queue), waiting(queue)];
    queue.send([entryOf("a"), entryOf("b")]);
    clock.advance(10_000);
    const ids = (await Promise.all(waits)).map((deliveries) => deliveries.map(({ message }) => message.id));
    expect(ids).toEqual([["a"], ["b"], []]);
    expect(clock.timers).toBe(1);
  });

  test.each([
    ["a lease ends", 30_000, () => {}],
    ["a worker rejects", 0, (queue: MemoryQueue, id: string) => queue.reject([id], { delayMs: 0, cause: "no" })],
    ["a worker leaves", 0, (queue: MemoryQueue, id: string) => queue.release([id], true)],
    ["a delay ends", 100, (queue: MemoryQueue, id: string) => queue.reject([id], { delayMs: 100, cause: "no" })],
  ] satisfies [string, number, (queue: MemoryQueue, id: string) => unknown][])(
    "is answered when %s",
    async (_, afterMs, giveBack) => {
      const { queue, clock } = emptyQueue();
      queue.send([entryOf("a")]);
      const [first] = received(queue);
      const wait = waiting(queue, { waitMs: 60_000 });
      giveBack(queue, first!.deliveryId);
      clock.advance(afterMs);
      expect((await wait).map(({ deliveryCount }) => deliveryCount)).toEqual([2]);
    },
  );

  test("ends with its call and takes nothing", async () => {
    const { queue, clock } = emptyQueue();
    const leaving = new AbortController();
    const wait = waiting(queue, {}, leaving.signal);
    leaving.abort();
    expect(await wait).toEqual([]);
    expect(clock.timers).toBe(0);
    queue.send([entryOf("a")]);
    expect(idsIn(queue)).toEqual(["a"]);
  });

  test("whose call is over already is answered at once", () => {
    const { queue } = emptyQueue();
    expect(queue.receive({ ...receive, waitMs: 10_000 }, { ...context, signal: AbortSignal.abort() })).toEqual([]);
  });
});

describe("a dead letter", () => {
  test("is made by the last lease that ends, without anybody asking", () => {
    const { queue, clock } = emptyQueue({ max_deliveries: 1 });
    queue.send([entryOf("a")]);
    received(queue);
    clock.advance(30_000);
    expect(queue.listDeadLetters({ limit: 10, bytesMax: 1_000 }).deadLetters).toMatchObject([
      { message: { id: "a" }, cause: "the lease ended 1 times", deliveryCount: 1, diedAtMs: clock.nowMs() },
    ]);
  });

  test("is made at once of what has had more deliveries than new options allow, and of nothing else", () => {
    const { queue } = emptyQueue();
    queue.send([entryOf("a"), entryOf("b")]);
    const [a] = received(queue, { messagesMax: 1 });
    queue.reject([a!.deliveryId], { delayMs: 0, cause: "the cause" });
    queue.configure(bindingOf(queueOptions.parse({ max_deliveries: 1 })));
    expect(queue.describe()).toMatchObject({ ready: 1, dead: 1 });
    expect(queue.listDeadLetters({ limit: 10, bytesMax: 1_000 }).deadLetters).toMatchObject([{ cause: "the cause" }]);
  });

  test("that is sent again has its old place", () => {
    const { queue } = emptyQueue({ max_deliveries: 1 });
    queue.send([entryOf("old"), entryOf("new")]);
    const [old] = received(queue, { messagesMax: 1 });
    queue.reject([old!.deliveryId], { delayMs: 0, cause: "no" });
    expect(queue.redrive({ kind: "ids", ids: ["old"] })).toBe(1);
    expect(received(queue).map(({ message, deliveryCount }) => [message.id, deliveryCount])).toEqual([
      ["old", 1],
      ["new", 1],
    ]);
  });
});

describe("what is too old", () => {
  test("is removed wherever it is, but not under a worker", () => {
    const { queue, clock, budget } = emptyQueue({ retention_period: "10s", max_deliveries: 1 });
    queue.send([entryOf("dead"), entryOf("leased"), entryOf("delayed", { delayMs: 60_000 })]);
    const [dead, leased] = received(queue);
    queue.reject([dead!.deliveryId], { delayMs: 0, cause: "no" });
    queue.send([entryOf("ready")]);
    clock.advance(10_000);
    expect(queue.describe()).toMatchObject({ ready: 0, leased: 1, delayed: 0, dead: 0 });
    queue.release([leased!.deliveryId], false);
    expect(queue.messages).toBe(0);
    expect(budget.usedBytes).toBe(0);
  });

  test("goes by the options of now", () => {
    const { queue, clock } = emptyQueue({ retention_period: "10s" });
    queue.send([entryOf("a")]);
    queue.configure(bindingOf(queueOptions.parse({})));
    clock.advance(3_600_000);
    expect(queue.messages).toBe(1);
    queue.configure(bindingOf(queueOptions.parse({ retention_period: "1h" })));
    clock.advance(0);
    expect(queue.messages).toBe(0);
  });
});

describe("the bound of bytes", () => {
  test("refuses one message of a call, and takes those that fit", () => {
    const { queue } = emptyQueue({}, 10_000);
    const payload = Buffer.alloc(6_000);
    const results = queue.send([entryOf("a", { payload }), entryOf("b", { payload }), entryOf("c")]);
    expect(reasonsOf(results)).toEqual([undefined, "CAPACITY_EXHAUSTED", undefined]);
    expect(idsIn(queue)).toEqual(["a", "c"]);
  });

  test("refuses a message with its deduplication id, which then may come again", () => {
    const { queue, clock } = emptyQueue({}, 10_000);
    queue.send([entryOf("large", { payload: Buffer.alloc(8_000) })]);
    const again = entryOf("again", { payload: Buffer.alloc(2_000), deduplicationId: "d" });
    expect(reasonsOf(queue.send([again]))).toEqual(["CAPACITY_EXHAUSTED"]);
    queue.acknowledge(received(queue).map(({ deliveryId }) => deliveryId));
    expect(queue.send([again])).toEqual([{ ok: true, result: { id: "again", duplicate: false } }]);
    clock.advance(300_000);
  });

  test("counts nothing of what is gone, deduplication ids after their window among them", () => {
    const { queue, budget, clock } = emptyQueue();
    queue.send([entryOf("a", { deduplicationId: "d" }), entryOf("b")]);
    queue.acknowledge(received(queue).map(({ deliveryId }) => deliveryId));
    expect(budget.usedBytes).toBeGreaterThan(0);
    clock.advance(300_000);
    expect(budget.usedBytes).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test("is free again when everything is cleared, and no timer is left", () => {
    const { queue, budget, clock } = emptyQueue({ retention_period: "1h" });
    queue.send([entryOf("a", { deduplicationId: "d" }), entryOf("b", { delayMs: 1_000 }), entryOf("c")]);
    received(queue, { messagesMax: 1 });
    expect(queue.clear()).toBe(3);
    expect(budget.usedBytes).toBe(0);
    expect(clock.timers).toBe(0);
    expect(queue.describe()).toEqual({ ready: 0, leased: 0, delayed: 0, dead: 0, oldestSentAtMs: undefined });
  });
});

test("one of 100,000 messages is sent, leased and settled in microseconds", () => {
  const { queue } = emptyQueue({}, 1_000_000_000);
  const startedAtMs = performance.now();
  for (let sent = 0; sent < 100_000; sent += 1_000) {
    queue.send(Array.from({ length: 1_000 }, (_, index) => entryOf(`m${sent + index}`)));
  }
  const deliveryIds = Array.from({ length: 1_000 }, () => received(queue)).flatMap((some) =>
    some.map(({ deliveryId }) => deliveryId),
  );
  queue.release(deliveryIds, true);
  expect(received(queue, { messagesMax: 3 }).map(({ message }) => message.id)).toEqual(["m0", "m1", "m2"]);
  // Some hundred times what it takes: only something quadratic takes longer.
  expect(performance.now() - startedAtMs).toBeLessThan(25_000);
});
