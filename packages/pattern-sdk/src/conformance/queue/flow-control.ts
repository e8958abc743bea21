import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../eventually.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./queue-case.js";
import type { QueueClient } from "./queue-client.js";
import { idsOf } from "./wire-delivery.js";

/** How long a consumer that may have nothing more is watched. */
const watchedMs = 400;

export const flowCases = casesOf("flow control", [], {
  "a consumer has no more messages at a time than it asked for": async (queue) => {
    await queue.sendTexts(Array.from({ length: 40 }, (_, index) => `message ${index}`));
    const consumer = queue.consume({ messages: 7, leaseMs: 60_000 });
    await consumer.until(7);
    await pause(watchedMs);
    assert.equal(consumer.deliveries.length, 7);
    assert.equal((await queue.contents()).leased, 7);
    await consumer.acknowledge(idsOf(consumer.deliveries).slice(0, 3));
    await consumer.until(10);
    await pause(watchedMs);
    assert.equal(consumer.deliveries.length, 10);
    await consumer.reject(idsOf(consumer.deliveries).slice(3, 5));
    await consumer.until(12);
    await pause(watchedMs);
    assert.equal(consumer.deliveries.length, 12);
    consumer.cancel();
  },

  "a consumer has 100 messages at a time where it asks for no number": async (queue) => {
    await queue.sendTexts(Array.from({ length: 150 }, (_, index) => `message ${index}`));
    const consumer = queue.consume({ leaseMs: 60_000 });
    await consumer.until(100);
    await pause(watchedMs);
    assert.equal(consumer.deliveries.length, 100);
    consumer.cancel();
  },

  "a consumer has no more bytes at a time than it asked for, and goes on when they are settled": async (queue) => {
    const payload = Buffer.alloc(1_000, "p");
    await queue.sendAll(
      Array.from({ length: 40 }, (_, index) => ({ message: messageOf({ id: `${index}`, payload }) })),
    );
    const consumer = queue.consume({ messages: 1_000, bytes: 10_240, leaseMs: 60_000 });
    await consumer.until(10);
    await pause(watchedMs);
    assert.equal(consumer.deliveries.length, 10);
    for (let settled = 0; settled < 40; settled += 5) {
      await consumer.until(settled + 5);
      await consumer.acknowledge(idsOf(consumer.deliveries).slice(settled, settled + 5));
      assert.ok(consumer.deliveries.length <= settled + 15, "more came than there was room for");
    }
    assert.deepEqual(await queue.contents(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
    consumer.cancel();
  },

  "a message whose lease has ended takes no room from its consumer": async (queue) => {
    await queue.sendTexts(["a", "b"]);
    const consumer = queue.consume({ messages: 1, leaseMs: 1_000 });
    const deliveries = await consumer.until(3);
    assert.ok(deliveries[2]!.count >= 1);
    assert.equal(new Set(idsOf(deliveries)).size, deliveries.length);
    consumer.cancel();
  },

  "a consumer that does not read has what it asked for at most, and the others get the rest": async (
    queue,
    subject,
  ) => {
    const sizeBytes = subject.payloadSize(100_000);
    const sent = await sendLarge(queue, { count: 120, sizeBytes });
    const asleep = queue.consume({ messages: 10_000, bytes: 4_000_000, leaseMs: 3_600_000 }, { reads: false });
    const awake = queue.consume({ messages: 5, leaseMs: 60_000 });
    const handled = new Set<string>();
    const handleAll = async (): Promise<boolean> => {
      const open = awake.deliveries.filter(({ message }) => !handled.has(message.id));
      if (open.length > 0) await awake.acknowledge(idsOf(open));
      for (const { message } of open) handled.add(message.id);
      return open.length === 0 && (await queue.contents()).ready === 0;
    };
    await eventually("the others get the rest", handleAll);
    const { leased } = await queue.contents();
    assert.ok(leased * sizeBytes <= 4_000_000 + sizeBytes, `${leased} messages lie with a consumer that does not read`);
    assert.equal(handled.size + leased, sent.length);
    asleep.cancel();
    await eventually("the others get what it had", async () => (await handleAll()) && handled.size === sent.length);
    awake.cancel();
  },

  "a consumer that reads slowly gets everything, in pieces that it can take": async (queue, subject) => {
    const sent = await sendLarge(queue, { count: 40, sizeBytes: subject.payloadSize(200_000) });
    const consumer = queue.consume({ messages: 10_000, leaseMs: 60_000 }, { reads: false });
    await pause(watchedMs);
    consumer.read();
    await consumer.until(sent.length);
    assert.deepEqual(new Set(consumer.deliveries.map(({ message }) => message.id)), new Set(sent));
    assert.ok(consumer.deliveries.every(({ count }) => count === 1));
    assert.ok((await consumer.acknowledge(idsOf(consumer.deliveries))).every((outcome) => outcome === undefined));
    consumer.cancel();
  },
});

/** Sends large messages, and returns their ids. */
async function sendLarge(queue: QueueClient, large: { count: number; sizeBytes: number }): Promise<string[]> {
  const ids = Array.from({ length: large.count }, (_, index) => `large ${index}`);
  const payload = Buffer.alloc(large.sizeBytes, "p");
  for (let start = 0; start < ids.length; start += 10) {
    await queue.sendAll(ids.slice(start, start + 10).map((id) => ({ message: messageOf({ id, payload }) })));
  }
  return ids;
}
