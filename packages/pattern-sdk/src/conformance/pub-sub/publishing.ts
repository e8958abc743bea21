import assert from "node:assert/strict";
import { DeliveryPromise, OrderingPromise } from "../../protocol/gen/prism/message/v1/message.js";
import { assertNamesField, expectFailure } from "../expect-failure.js";
import { assertSameMessage, messageOf, numbered } from "../messaging/messages.js";
import { trickyMessages } from "../messaging/tricky-messages.js";
import { seededRandom } from "../seeded-random.js";
import { casesOf } from "./pub-sub-case.js";

/** Sizes around the steps of protobuf lengths, HTTP/2 frames and windows. */
const payloadSizesBytes = [0, 1, 127, 128, 4_095, 4_096, 16_383, 16_384, 16_385, 65_535, 65_536, 262_144, 1_048_576];

/** Topics that are easily taken for each other, or for patterns. */
const alikeTopics = [
  "a",
  "A",
  "a.b",
  "a.bc",
  "ab",
  "a.b.c",
  "b.a",
  "a_b",
  "a%",
  "a?",
  "[a]",
  "a:b",
  "a/b",
  "é",
  "e\u0301",
  "$a",
  "😀",
];

/** How far the clocks of a backend and of the cases may be apart. */
const clockSkewMsMax = 5_000;

export const publishingCases = casesOf("publishing", [], {
  "a subscriber gets what is published after it was told started: each message once, in order": async (pubsub) => {
    await pubsub.publish("t", "before");
    const subscription = await pubsub.subscribe("t");
    await pubsub.publish("t", ...numbered(100));
    for (const text of numbered(20, 100)) await pubsub.publish("t", text);
    await pubsub.publish("t", "end");
    assert.deepEqual(await subscription.before("end"), numbered(120));
  },

  "what is published after started is never missed": async (pubsub) => {
    for (const round of numbered(20)) {
      const [subscription] = await Promise.all([pubsub.subscribe(`t${round}`), pubsub.publish("unrelated", "v")]);
      await pubsub.publish(`t${round}`, round);
      await subscription.count(1);
      subscription.leave();
    }
  },

  "every subscriber without a group gets every message": async (pubsub) => {
    const subscriptions = await Promise.all(numbered(5).map(() => pubsub.subscribe("t")));
    await pubsub.publish("t", ...numbered(50), "end");
    for (const subscription of subscriptions) assert.deepEqual(await subscription.before("end"), numbered(50));
  },

  "a message reaches its own topic only, whatever characters the topic has": async (pubsub) => {
    const topics = [...alikeTopics, `${"t".repeat(127)}.${"u".repeat(127)}`, `${"é".repeat(127)}t`];
    const subscriptions = await Promise.all(topics.map((topic) => pubsub.subscribe(topic)));
    for (const topic of topics) await pubsub.publish(topic, `of ${topic}`);
    for (const topic of topics) await pubsub.publish(topic, "end");
    for (const [index, topic] of topics.entries()) {
      assert.deepEqual(await subscriptions[index]!.before("end"), [`of ${topic}`]);
      assert.deepEqual([...new Set(subscriptions[index]!.arrivals.map((arrival) => arrival.topic))], [topic]);
    }
  },

  "a message arrives as it was sent, in every field": async (pubsub) => {
    const subscription = await pubsub.subscribe("t");
    const messages = [...trickyMessages, messageOf()];
    const ids = await pubsub.publish("t", ...messages);
    const arrivals = await subscription.count(messages.length);
    for (const [index, sent] of messages.entries()) {
      assertSameMessage(arrivals[index]!.message, { ...sent, id: ids[index]! });
    }
  },

  "payloads of many sizes arrive whole": async (pubsub, subject) => {
    const random = seededRandom(1);
    const subscription = await pubsub.subscribe("t");
    const sizes = [...payloadSizesBytes, subject.payloadSize(2 ** 21), subject.payloadBytesMax];
    const sent = sizes
      .filter((size) => size <= subject.payloadBytesMax)
      .map((size) => messageOf({ id: `of ${size}`, payload: random.bytes(size) }));
    for (const message of sent) await pubsub.publish("t", message);
    const arrivals = await subscription.count(sent.length);
    for (const [index, message] of sent.entries()) assertSameMessage(arrivals[index]!.message, message);
  },

  "a payload over the limit is refused by name, and with it the whole request": async (pubsub, subject) => {
    const subscription = await pubsub.subscribe("t");
    const tooLarge = messageOf({ payload: Buffer.alloc(subject.payloadBytesMax + 1) });
    const refused = await expectFailure(pubsub.publish("t", "first", tooLarge), "VALUE_TOO_LARGE");
    assertNamesField(refused, "messages[1].payload", "a payload over the limit");
    await pubsub.publish("t", "end");
    assert.deepEqual(await subscription.before("end"), []);
  },

  "a message answers the id that it has, and one without gets one of its own": async (pubsub) => {
    const subscription = await pubsub.subscribe("t");
    const given = numbered(3).map((text) => messageOf({ id: "the same", payload: Buffer.from(text) }));
    assert.deepEqual(await pubsub.publish("t", ...given), ["the same", "the same", "the same"]);
    const made = await pubsub.publish("t", ...numbered(100, 3));
    assert.equal(new Set(made).size, 100, "made ids are unique");
    for (const id of made) assert.ok(id.length >= 1 && Buffer.byteLength(id) <= 128, `an id has 1 to 128 bytes: ${id}`);
    const arrivals = await subscription.count(103);
    assert.deepEqual(
      arrivals.map(({ message }) => message.id),
      ["the same", "the same", "the same", ...made],
    );
  },

  "1,000 messages of one request arrive in order": async (pubsub) => {
    const subscription = await pubsub.subscribe("t", { maxMessages: 2_000 });
    assert.equal((await pubsub.publish("t", ...numbered(1_000))).length, 1_000);
    await subscription.count(1_000);
    assert.deepEqual(subscription.texts, numbered(1_000));
  },

  "a message that nobody subscribes to is accepted": async (pubsub) => {
    assert.deepEqual(await pubsub.publish("nobody.listens", messageOf({ id: "m" })), ["m"]);
  },

  "messages of one publisher arrive in its order, whatever others publish meanwhile": async (pubsub) => {
    const subscription = await pubsub.subscribe("t", { maxMessages: 10_000 });
    const publishers = ["a", "b", "c", "d"];
    await Promise.all(
      publishers.map(async (publisher) => {
        for (const text of numbered(50)) await pubsub.publish("t", `${publisher}${text}`, `${publisher}${text}'`);
      }),
    );
    await subscription.count(publishers.length * 100);
    for (const publisher of publishers) {
      const own = subscription.texts.filter((text) => text.startsWith(publisher));
      assert.deepEqual(
        own,
        numbered(50).flatMap((text) => [`${publisher}${text}`, `${publisher}${text}'`]),
      );
    }
  },

  "at most once has no delivery id and a count of 1, and says when the message was accepted": async (pubsub) => {
    const subscription = await pubsub.subscribe("t");
    const earliestMs = Date.now() - clockSkewMsMax;
    await pubsub.publish("t", ...numbered(3));
    const latestMs = Date.now() + clockSkewMsMax;
    for (const { deliveryId, deliveryCount, publishedAtMs } of await subscription.count(3)) {
      assert.deepEqual([deliveryId, deliveryCount], ["", 1]);
      assert.ok(publishedAtMs >= earliestMs && publishedAtMs <= latestMs, `accepted at ${publishedAtMs}`);
    }
  },

  "started says what is promised": async (pubsub) => {
    const { started } = await pubsub.subscribe("t");
    assert.equal(started.delivery, DeliveryPromise.AT_MOST_ONCE);
    assert.notEqual(started.ordering, OrderingPromise.UNSPECIFIED);
  },

  "a subscriber that has nothing more to say still gets messages": async (pubsub) => {
    const subscription = await pubsub.subscribe("t");
    subscription.closeSide();
    await pubsub.publish("t", ...numbered(10), "end");
    assert.deepEqual(await subscription.before("end"), numbered(10));
  },

  "subscribers that leave disturb nobody, and leave nothing behind": async (pubsub) => {
    const stays = await pubsub.subscribe("t");
    for (const round of numbered(10)) {
      const leaving = await Promise.all(numbered(20).map(() => pubsub.subscribe("t")));
      await pubsub.publish("t", round);
      for (const subscription of leaving) subscription.leave();
    }
    await pubsub.publish("t", "end");
    assert.deepEqual(await stays.before("end"), numbered(10));
  },
});
