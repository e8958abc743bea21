import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { GatewayError } from "../../errors.js";
import { durationFromMs } from "../wire-time.js";
import { deliveryOf, type RunningQueue, runTinyQueue } from "./tiny-queue.fixture.js";

let running: RunningQueue;
beforeEach(async () => {
  running = await runTinyQueue();
});
afterEach(async () => {
  await running[Symbol.asyncDispose]();
});

const releasedIds = () => running.queue.released.flatMap(({ ids }) => ids);

describe("a consumer asks the plugin", () => {
  test("for what it may have, for as long as its lease, and waits", async () => {
    running.consume({ maxOutstandingMessages: 7, maxOutstandingBytes: 2_048n, lease: durationFromMs(90_000) });
    await expect
      .poll(() => running.queue.receives)
      .toEqual([{ messagesMax: 7, bytesMax: 2_048, leaseMs: 90_000, waitMs: 20_000 }]);
  });

  test("for what one answer can carry at most, however much it may have", async () => {
    running.consume({ maxOutstandingMessages: 10_000, maxOutstandingBytes: 67_108_864n });
    await expect.poll(() => running.queue.receives).toMatchObject([{ messagesMax: 1_000, bytesMax: 1_048_576 }]);
  });

  test("for the lease of the namespace's options where it names none, and for 30 s where nobody does", async () => {
    running.consume();
    await expect.poll(() => running.queue.receives.at(-1)?.leaseMs).toBe(30_000);
    await running.bind({ lease: "2m" });
    running.consume();
    await expect.poll(() => running.queue.receives.at(-1)?.leaseMs).toBe(120_000);
  });

  test("for what is left after each settlement", async () => {
    const consumer = running.consume({ maxOutstandingMessages: 2 });
    running.queue.offer(deliveryOf("a"), deliveryOf("b"));
    const [a] = await consumer.deliveries();
    expect(running.queue.receives).toHaveLength(1);
    await consumer.acknowledge(a!);
    await expect.poll(() => running.queue.receives.map(({ messagesMax }) => messagesMax)).toEqual([2, 1]);
  });
});

describe("what does not fit", () => {
  test("is given back at once, uncounted, and not asked for again until there is room for it", async () => {
    const consumer = running.consume({ maxOutstandingBytes: 1_024n });
    running.queue.offer(deliveryOf("a", 400), deliveryOf("b", 400));
    const [a, b] = await consumer.deliveries();
    running.queue.offer(deliveryOf("large", 5_000));
    await expect.poll(() => running.queue.released).toEqual([{ ids: ["large"], counts: false }]);
    await consumer.acknowledge(a!);
    expect(running.queue.receives).toHaveLength(2);
    await consumer.acknowledge(b!);
    running.queue.offer(deliveryOf("large", 5_000));
    expect(await consumer.deliveries()).toHaveLength(1);
    expect(running.queue.released).toHaveLength(1);
  });

  test("is given back too when the plugin hands out more than it was asked for", async () => {
    const consumer = running.consume({ maxOutstandingMessages: 1 });
    running.queue.offer(deliveryOf("a"), deliveryOf("b"), deliveryOf("c"));
    expect(await consumer.deliveries()).toHaveLength(1);
    await expect.poll(() => running.queue.released).toEqual([{ ids: ["b", "c"], counts: false }]);
  });
});

describe("when the call is over", () => {
  test("because the app has said its last word, what it holds is given back, counted, before the call ends", async () => {
    const consumer = running.consume();
    running.queue.offer(deliveryOf("a"), deliveryOf("b"));
    const [a] = await consumer.deliveries();
    await consumer.acknowledge(a!);
    consumer.call.end();
    expect(await consumer.end()).toBeUndefined();
    expect(running.queue.acknowledged).toEqual(["a"]);
    expect(running.queue.released).toEqual([{ ids: ["b"], counts: true }]);
  });

  test("because the app has gone, too", async () => {
    const consumer = running.consume();
    running.queue.offer(deliveryOf("a"));
    await consumer.deliveries();
    consumer.call.cancel();
    await expect.poll(() => running.queue.released).toEqual([{ ids: ["a"], counts: true }]);
  });

  test("because the app has sent nonsense, too, and the error names the field", async () => {
    const consumer = running.consume();
    running.queue.offer(deliveryOf("a"));
    await consumer.deliveries();
    consumer.say({ $case: "acknowledge", value: { namespace: "", deliveryIds: [] } });
    expect(await consumer.end()).toMatchObject({
      reason: "INVALID_FIELD",
      fieldViolations: [{ field: "acknowledge.delivery_ids" }],
    });
    expect(running.queue.released).toEqual([{ ids: ["a"], counts: true }]);
  });

  test("because the plugin cannot receive, what the app holds is given back uncounted, and the app learns why", async () => {
    const consumer = running.consume();
    running.queue.offer(deliveryOf("a"));
    await consumer.deliveries();
    running.queue.failure = new GatewayError("BACKEND_UNAVAILABLE", "gone");
    running.queue.wake();
    expect(await consumer.end()).toMatchObject({ reason: "BACKEND_UNAVAILABLE", message: "gone" });
    expect(running.queue.released).toEqual([{ ids: ["a"], counts: false }]);
  });

  test("because the namespace is taken away, what the app holds is given back uncounted", async () => {
    const consumer = running.consume();
    running.queue.offer(deliveryOf("a"));
    await consumer.deliveries();
    await running.tiny.contract.unbind({ namespace: "q", pattern: "queue", deleteData: false });
    expect(await consumer.end()).toMatchObject({ reason: "NAMESPACE_UNAVAILABLE" });
    expect(running.queue.released).toEqual([{ ids: ["a"], counts: false }]);
  });

  test("what the plugin hands out too late is given back, uncounted", async () => {
    running.queue.heedsSignal = false;
    const consumer = running.consume();
    await expect.poll(() => running.queue.receives).toHaveLength(1);
    consumer.call.end();
    await expect.poll(() => running.queue.lastSignal?.aborted).toBe(true);
    running.queue.offer(deliveryOf("late"));
    expect(await consumer.end()).toBeUndefined();
    expect(running.queue.released).toEqual([{ ids: ["late"], counts: false }]);
  });

  test("more than 1,000 messages are given back in parts", async () => {
    const consumer = running.consume({ maxOutstandingMessages: 10_000 });
    running.queue.offer(...Array.from({ length: 2_500 }, (_, index) => deliveryOf(`d${index}`)));
    await consumer.deliveries();
    consumer.call.cancel();
    await expect.poll(() => running.queue.released.map(({ ids }) => ids.length)).toEqual([1_000, 1_000, 500]);
    expect(new Set(releasedIds()).size).toBe(2_500);
  });
});

describe("a drain", () => {
  const draining = { reason: "DRAINING", retryAfterMs: expect.any(Number) };

  test("ends a consumer that holds nothing at once", async () => {
    const consumer = running.consume();
    await expect.poll(() => running.queue.receives).toHaveLength(1);
    const drained = running.tiny.contract.drain({ grace: durationFromMs(20_000) });
    expect(await consumer.end()).toMatchObject(draining);
    expect(await drained).toEqual({ completed: 0, aborted: 1 });
    expect(running.queue.released).toEqual([]);
  });

  test("lets a worker settle what it holds, hands out nothing more, and rejects nothing", async () => {
    const consumer = running.consume();
    running.queue.offer(deliveryOf("a"), deliveryOf("b"));
    const [a, b] = await consumer.deliveries();
    const drained = running.tiny.contract.drain({ grace: durationFromMs(20_000) });
    await expect.poll(() => running.tiny.log.lines.map(({ message }) => message)).toContain("draining");
    running.queue.offer(deliveryOf("later"));
    await consumer.acknowledge(a!);
    await consumer.acknowledge(b!);
    expect(await consumer.end()).toMatchObject(draining);
    expect(await drained).toEqual({ completed: 0, aborted: 1 });
    expect(running.queue.acknowledged).toEqual(["a", "b"]);
    expect(running.queue.rejected).toEqual([]);
    expect(releasedIds().filter((id) => id !== "later")).toEqual([]);
  });

  test("gives back, uncounted, what a worker still holds when its time is over, before the backend is closed", async () => {
    const consumer = running.consume();
    running.queue.offer(deliveryOf("a"), deliveryOf("b"));
    const [a] = await consumer.deliveries();
    await consumer.acknowledge(a!);
    await running.tiny.contract.drain({ grace: durationFromMs(50) });
    expect(running.queue.released).toEqual([{ ids: ["b"], counts: false }]);
    expect(running.queue.rejected).toEqual([]);
    expect(await consumer.end()).toMatchObject(draining);
  });
});
