import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { numbered } from "../messaging/messages.js";
import { casesOf } from "./pub-sub-case.js";
import type { PubSubClient } from "./pub-sub-client.js";

const held = { group: "g", acknowledgeTimeoutMs: 600_000 };

/** Makes the group, and leaves it. */
async function joinAndLeave(pubsub: PubSubClient): Promise<void> {
  const member = await pubsub.hold("t", held);
  member.leave();
}

export const durableGroupCases = casesOf("durable groups", ["durable", "acknowledgement"], {
  "a group keeps what is published while none of its members is there, in order": async (pubsub) => {
    await joinAndLeave(pubsub);
    await pubsub.publish("t", ...numbered(100));
    const member = await pubsub.hold("t", held);
    await member.count(100);
    assert.deepEqual(member.texts, numbered(100));
    for (const { deliveryCount } of member.arrivals) assert.equal(deliveryCount, 1);
  },

  "a group keeps what its last member has not acknowledged, and nothing else": async (pubsub) => {
    const first = await pubsub.hold("t", held);
    await pubsub.publish("t", ...numbered(10));
    const arrivals = await first.count(10);
    first.acknowledge(...arrivals.slice(0, 5));
    // What was acknowledged before it has surely been taken in when the rejected message comes again.
    first.reject([arrivals[9]!]);
    await first.count(11);
    first.leave();
    const second = await pubsub.hold("t", held);
    await pubsub.publish("t", "end");
    const texts = await second.before("end");
    assert.deepEqual(texts.sort(), numbered(5, 5));
  },

  "a group keeps nothing that was published before it was there": async (pubsub) => {
    await pubsub.publish("t", "before");
    await joinAndLeave(pubsub);
    await pubsub.publish("t", "after", "end");
    const member = await pubsub.hold("t", held);
    assert.deepEqual(await member.before("end"), ["after"]);
  },

  "a group that is bound again, with other options too, keeps what it has": async (_, subject) => {
    const pubsub = await subject.namespace();
    await joinAndLeave(pubsub);
    await pubsub.publish("t", "kept");
    await subject.bind(pubsub.namespace, { options: { retention_period: "1h" } });
    await subject.unbind(pubsub.namespace);
    await subject.bind(pubsub.namespace);
    const member = await pubsub.hold("t", held);
    assert.equal((await member.count(1))[0]!.text, "kept");
  },

  "a group of which the data was deleted keeps nothing": async (_, subject) => {
    const pubsub = await subject.namespace();
    await joinAndLeave(pubsub);
    await pubsub.publish("t", "old");
    await subject.unbind(pubsub.namespace, { deleteData: true });
    await subject.bind(pubsub.namespace);
    const member = await pubsub.hold("t", held);
    await pubsub.publish("t", "end");
    assert.deepEqual(await member.before("end"), []);
  },

  "what is older than the retention is gone, and what is not is there": async (_, subject) => {
    const pubsub = await subject.namespace({ options: { retention_period: "2s" } });
    await joinAndLeave(pubsub);
    await pubsub.publish("t", "old");
    assert.ok((await peek(pubsub)).includes("old"), "it is there before");
    await eventually("the old message is gone", async () => !(await peek(pubsub)).includes("old"));
  },

  "a member at most once gets what the group has kept": async (pubsub) => {
    await joinAndLeave(pubsub);
    await pubsub.publish("t", ...numbered(10));
    const member = await pubsub.subscribe("t", { group: "g" });
    await member.count(10);
    assert.deepEqual(member.texts, numbered(10));
  },
});

/** What the group holds, without taking it. */
async function peek(pubsub: PubSubClient): Promise<string[]> {
  const member = await pubsub.hold("t", held);
  await pubsub.publish("t", "end");
  const texts = await member.before("end");
  member.acknowledge(...member.arrivals.filter(({ text }) => text === "end"));
  member.leave();
  return texts;
}
