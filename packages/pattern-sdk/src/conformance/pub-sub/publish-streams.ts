import assert from "node:assert/strict";
import { assertNamesField, expectFailure } from "../expect-failure.js";
import { messageOf, numbered } from "../messaging/messages.js";
import { casesOf } from "./pub-sub-case.js";

export const publishStreamCases = casesOf("publish stream", [], {
  "each request is answered, in order, and its messages arrive in order": async (pubsub) => {
    const subscription = await pubsub.subscribe("t", { maxMessages: 10_000 });
    const stream = pubsub.publishStream();
    const sent = numbered(50).map((round) => numbered(10).map((text) => `${round}.${text}`));
    // Requests that wait may be carried out as one, so some are sent when others have been answered.
    for (const requests of [sent.slice(0, 10), sent.slice(10, 20), sent.slice(20)]) {
      for (const ids of requests) {
        const messages = ids.map((id) => messageOf({ id, payload: Buffer.from(id) }));
        await stream.send(ids === sent[0] ? pubsub.namespace : "", "t", messages);
      }
      for (const ids of requests) assert.deepEqual(await stream.answer(), ids);
    }
    stream.end();
    assert.equal(await stream.answer(), undefined, "the stream ends after the last answer");
    const arrivals = await subscription.count(500);
    assert.deepEqual(
      arrivals.map(({ message }) => message.id),
      sent.flat(),
    );
  },

  "requests of one stream may name different topics": async (pubsub) => {
    const topics = ["a", "b", "c"];
    const subscriptions = await Promise.all(topics.map((topic) => pubsub.subscribe(topic)));
    const stream = pubsub.publishStream();
    for (const topic of [...topics, ...topics]) await stream.send(pubsub.namespace, topic, [`of ${topic}`]);
    stream.end();
    while ((await stream.answer()) !== undefined);
    for (const topic of topics) await pubsub.publish(topic, "end");
    for (const [index, topic] of topics.entries()) {
      assert.deepEqual(await subscriptions[index]!.before("end"), [`of ${topic}`, `of ${topic}`]);
    }
  },

  "a mistake ends the stream and names the field; what came before is published": async (pubsub) => {
    const subscription = await pubsub.subscribe("t");
    const stream = pubsub.publishStream();
    await stream.send(pubsub.namespace, "t", ["good"]);
    await stream.send("", "t", ["bad", messageOf({ key: "k".repeat(1_025) })]);
    assert.equal((await stream.answer())?.length, 1);
    assertNamesField(await expectFailure(stream.answer(), "INVALID_FIELD"), "messages[1].key", "a long key");
    await pubsub.publish("t", "end");
    assert.deepEqual(await subscription.before("end"), ["good"]);
  },

  "another namespace than the first one's is refused": async (pubsub, subject) => {
    const other = await subject.namespace();
    const subscription = await other.subscribe("t");
    const stream = pubsub.publishStream();
    await stream.send(pubsub.namespace, "t", ["here"]);
    await stream.send(other.namespace, "t", ["there"]);
    await stream.answer();
    assertNamesField(await expectFailure(stream.answer(), "INVALID_FIELD"), "namespace", "another namespace");
    await other.publish("t", "end");
    assert.deepEqual(await subscription.before("end"), []);
  },

  "a stream without a request is refused": async (pubsub) => {
    const stream = pubsub.publishStream();
    stream.end();
    await expectFailure(stream.answer(), "MALFORMED_MESSAGE");
  },

  "a stream ends when its namespace is unbound, after what it was asked is answered": async (pubsub, subject) => {
    const stream = pubsub.publishStream();
    await stream.send(pubsub.namespace, "t", ["v"]);
    assert.equal((await stream.answer())?.length, 1);
    await subject.unbind(pubsub.namespace);
    await expectFailure(stream.answer(), "NAMESPACE_UNAVAILABLE");
  },
});
