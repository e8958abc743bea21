import assert from "node:assert/strict";
import { messageSizeBytes } from "../../patterns/messaging/message-size.js";
import { DeliveryPromise } from "../../protocol/gen/prism/message/v1/message.js";
import { assertSameMessage, messageOf, numbered, textOf } from "../messaging/messages.js";
import { messageWithSameHeaders } from "../messaging/tricky-messages.js";
import { casesOf } from "./pub-sub-case.js";
import type { Arrival, PubSubSubscription } from "./pub-sub-subscription.js";

/** The shortest time to acknowledge. */
const shortMs = 1_000;

/** How much earlier a message may come back than its time says: clocks and rounding. */
const earlyMsMax = 20;

const longMs = 600_000;

export const acknowledgementCases = casesOf("acknowledgement", ["acknowledgement"], {
  "what is not acknowledged in time is delivered again, and not before": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: shortMs });
    const publishedAtMs = performance.now();
    await pubsub.publish("t", messageWithSameHeaders);
    const [first, second] = await subscription.count(2);
    assertNotBefore(second!, publishedAtMs, shortMs);
    assert.deepEqual([first!.deliveryCount, second!.deliveryCount], [1, 2]);
    assert.notEqual(first!.deliveryId, second!.deliveryId, "each delivery has an id of its own");
    assert.equal(first!.publishedAtMs, second!.publishedAtMs);
    for (const { message } of [first!, second!]) assertSameMessage(message, messageWithSameHeaders);
  },

  "what is acknowledged is not delivered again": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: shortMs });
    await pubsub.publish("t", ...numbered(10), "control");
    const arrivals = await subscription.count(11);
    subscription.acknowledge(...arrivals.slice(0, 10));
    await subscription.until(
      "the one that was not acknowledged comes again",
      () => timesOf(subscription, "control") > 1,
    );
    await subscription.until("and again", () => timesOf(subscription, "control") > 2);
    for (const text of numbered(10)) assert.equal(timesOf(subscription, text), 1, text);
  },

  "what is rejected is delivered again at once": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: longMs });
    await pubsub.publish("t", "v", "other");
    await subscription.count(2);
    for (const deliveryCount of [2, 3, 4]) {
      subscription.reject([subscription.arrivals.findLast(({ text }) => text === "v")!], { cause: "not now" });
      await subscription.count(deliveryCount + 1);
      assert.equal(subscription.arrivals.at(-1)!.deliveryCount, deliveryCount);
    }
    assert.equal(timesOf(subscription, "other"), 1);
  },

  "an extension postpones the next delivery, from when it is asked": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: shortMs });
    await pubsub.publish("t", "extended", "control");
    const [extended] = await subscription.count(2);
    const extendedAtMs = performance.now();
    subscription.extend([extended!], 3 * shortMs);
    await subscription.until("the other one comes again", () => timesOf(subscription, "control") > 1);
    assert.equal(timesOf(subscription, "extended"), 1);
    await subscription.until("the extended one comes again", () => timesOf(subscription, "extended") > 1);
    assertNotBefore(subscription.arrivals.findLast(({ text }) => text === "extended")!, extendedAtMs, 3 * shortMs);
  },

  "an extension without a time gives the time of the subscription once more": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: 2 * shortMs });
    await pubsub.publish("t", "v");
    const [first] = await subscription.count(1);
    subscription.extend([first!], shortMs);
    const extendedAtMs = performance.now();
    subscription.extend([first!]);
    const [, second] = await subscription.count(2);
    assertNotBefore(second!, extendedAtMs, 2 * shortMs);
  },

  "a late word on a delivery, and one on a made-up delivery, are ignored": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: longMs });
    const other = await pubsub.hold("t", { acknowledgeTimeoutMs: longMs });
    await pubsub.publish("t", "v");
    const [mine] = await subscription.count(1);
    const [theirs] = await other.count(1);
    const madeUp = ["0", "1", "x".repeat(256), "$JS.ACK.made.up", "😀"].map((deliveryId) => ({ ...mine!, deliveryId }));
    const foreign = madeUp.filter(({ deliveryId }) => deliveryId !== mine!.deliveryId);
    subscription.acknowledge(...foreign);
    subscription.reject(foreign);
    subscription.extend(foreign, longMs);
    subscription.reject([mine!]);
    subscription.acknowledge(mine!);
    await subscription.count(2);
    subscription.acknowledge(...subscription.arrivals);
    subscription.acknowledge(...subscription.arrivals);
    subscription.reject(subscription.arrivals);
    await pubsub.publish("t", "end");
    await subscription.until("the end arrives", () => timesOf(subscription, "end") > 0);
    assert.deepEqual(subscription.texts, ["v", "v", "end"]);
    other.reject([theirs!]);
    await other.until("the other subscription has its own", () => timesOf(other, "v") > 1);
  },

  "no more messages are outstanding than the subscriber allows": async (pubsub) => {
    const subscription = await pubsub.hold("t", { maxMessages: 3, acknowledgeTimeoutMs: longMs });
    await pubsub.publish("t", ...numbered(30));
    const all = await handleAll(pubsub, subscription, 30, (outstanding) => assert.ok(outstanding.length <= 3));
    assert.deepEqual(all, numbered(30));
  },

  "no more bytes are outstanding than the subscriber allows, and a larger message comes alone": async (pubsub) => {
    const subscription = await pubsub.hold("t", { maxBytes: 2_048, acknowledgeTimeoutMs: longMs });
    const sent = numbered(30).map((id) => messageOf({ id, payload: Buffer.alloc(id.endsWith("5") ? 5_000 : 600, id) }));
    await pubsub.publish("t", ...sent);
    const all = await handleAll(pubsub, subscription, 30, (outstanding) => {
      const bytes = outstanding.reduce((sum, { message }) => sum + messageSizeBytes(message), 0);
      assert.ok(outstanding.length <= 1 || bytes <= 2_048, `${outstanding.length} messages of ${bytes} bytes`);
    });
    assert.deepEqual(all, sent.map(textOf));
  },

  "what is past its time takes no room": async (pubsub) => {
    const subscription = await pubsub.hold("t", { maxMessages: 2, acknowledgeTimeoutMs: shortMs });
    await pubsub.publish("t", ...numbered(2));
    await subscription.count(2);
    await subscription.count(6);
    assert.deepEqual([...new Set(subscription.texts)].sort(), numbered(2));
  },

  "messages come in order, and every delivery has an id of its own": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: longMs });
    for (const text of numbered(10)) await pubsub.publish("t", `${text}`, ...numbered(10, 100));
    const arrivals = await subscription.count(110);
    assert.deepEqual(
      subscription.texts,
      numbered(10).flatMap((text) => [text, ...numbered(10, 100)]),
    );
    assert.equal(new Set(arrivals.map(({ deliveryId }) => deliveryId)).size, 110);
    for (const { deliveryId, deliveryCount } of arrivals) {
      assert.match(deliveryId, /^[\x21-\x7e]{1,256}$/);
      assert.equal(deliveryCount, 1);
    }
  },

  "every subscriber without a group has copies of its own": async (pubsub) => {
    const [handles, forgets] = await Promise.all([
      pubsub.hold("t", { acknowledgeTimeoutMs: longMs }),
      pubsub.hold("t", { acknowledgeTimeoutMs: shortMs }),
    ]);
    await pubsub.publish("t", "v");
    handles.acknowledge(...(await handles.count(1)));
    await forgets.count(2);
    await pubsub.publish("t", "end");
    assert.deepEqual(await handles.before("end"), ["v"]);
  },

  "a reader that does not read loses nothing": async (pubsub, subject) => {
    const subscription = await pubsub.hold("t", { isReading: false, maxMessages: 10_000, maxBytes: 64 * 2 ** 20 });
    const payload = Buffer.alloc(subject.payloadSize(64 * 1_024));
    // A few at a time: all are there long before the first is delivered again.
    for (let first = 0; first < 256; first += 16) {
      await pubsub.publish("t", ...numbered(16, first).map((id) => ({ id, payload })));
    }
    subscription.resume();
    const arrivals = await subscription.count(256);
    assert.deepEqual(
      arrivals.map(({ message }) => message.id),
      numbered(256),
    );
    assert.deepEqual(subscription.losses, []);
  },

  "what is not handled by a subscription of nobody's group goes with it": async (pubsub) => {
    const leaving = await pubsub.hold("t", { acknowledgeTimeoutMs: longMs });
    await pubsub.publish("t", "v");
    await leaving.count(1);
    leaving.leave();
    const next = await pubsub.hold("t");
    await pubsub.publish("t", "end");
    assert.deepEqual(await next.before("end"), []);
  },

  "started promises at least once": async (pubsub) => {
    const { started } = await pubsub.hold("t");
    assert.equal(started.delivery, DeliveryPromise.AT_LEAST_ONCE);
  },
});

/** Asserts that something has not arrived before its time, which began no earlier than `sinceMs`. */
function assertNotBefore({ arrivedAtMs }: Arrival, sinceMs: number, afterMs: number): void {
  const waitedMs = arrivedAtMs - sinceMs;
  assert.ok(waitedMs >= afterMs - earlyMsMax, `it came again after ${waitedMs} of ${afterMs} ms`);
}

function timesOf({ texts }: PubSubSubscription, wanted: string): number {
  return texts.filter((text) => text === wanted).length;
}

/** Acknowledges one message after the other, looking at what is outstanding before each; returns the texts in order. */
async function handleAll(
  pubsub: { publish(topic: string, text: string): Promise<unknown> },
  subscription: PubSubSubscription,
  messages: number,
  look: (outstanding: readonly Arrival[]) => void,
): Promise<string[]> {
  for (let handled = 0; handled < messages; handled++) {
    const arrivals = await subscription.count(handled + 1);
    // A round trip: whatever else is on its way has time to arrive.
    await pubsub.publish("unrelated", "v");
    look(arrivals.slice(handled));
    subscription.acknowledge(arrivals[handled]!);
  }
  return subscription.texts;
}
