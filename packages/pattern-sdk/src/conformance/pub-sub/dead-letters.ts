import assert from "node:assert/strict";
import { deadLetterTopic } from "../../patterns/pub-sub/dead-letter.js";
import { assertSameMessage, messageOf } from "../messaging/messages.js";
import { messageWithSameHeaders, trickyMessages } from "../messaging/tricky-messages.js";
import { casesOf } from "./pub-sub-case.js";
import type { PubSubSubject } from "./pub-sub-subject.js";
import type { Arrival, PubSubSubscription } from "./pub-sub-subscription.js";

const maxDeliveries = 2;

/** A namespace in which messages are given up after two deliveries. */
const givingUp = (subject: PubSubSubject) => subject.namespace({ options: { max_deliveries: maxDeliveries } });

export const deadLetterCases = casesOf("dead letters", ["dead_letter"], {
  "what is rejected often enough moves to the dead letter topic, as it was, with what is known of it": async (
    _,
    subject,
  ) => {
    const pubsub = await givingUp(subject);
    const dead = await pubsub.hold("dead_letter.g");
    const member = await pubsub.hold("t", { group: "g", acknowledgeTimeoutMs: 600_000 });
    const sent = [messageWithSameHeaders, ...trickyMessages.slice(0, 6)];
    await pubsub.publish("t", ...sent);
    for (const round of [1, 2]) {
      const arrivals = await member.count(sent.length * round);
      member.reject(arrivals.slice(-sent.length), { cause: `cause ${round}` });
    }
    const letters = await dead.count(sent.length);
    for (const message of sent) {
      const letter = letters.find(({ message: { id } }) => id === message.id)!;
      const said = { "prism-topic": "t", "prism-group": "g", "prism-delivery-count": "2", "prism-cause": "cause 2" };
      const headers = Object.entries(said).map(([name, value]) => ({ name, value: Buffer.from(value) }));
      assertSameMessage(letter.message, { ...message, headers: [...message.headers, ...headers] });
    }
    await pubsub.publish("t", "end");
    await member.before("end");
    assert.equal(member.arrivals.length, sent.length * 2 + 1, "it is not delivered to the group any more");
  },

  "what is not acknowledged in time often enough moves too": async (_, subject) => {
    const pubsub = await givingUp(subject);
    const dead = await pubsub.hold("dead_letter.g");
    const member = await pubsub.hold("t", { group: "g", acknowledgeTimeoutMs: 1_000 });
    await pubsub.publish("t", "v");
    const [letter] = await dead.count(1);
    assert.deepEqual(
      member.arrivals.map(({ deliveryCount }) => deliveryCount),
      [1, 2],
    );
    assert.equal(headerOf(letter!, "prism-delivery-count"), "2");
  },

  "what is rejected less often, or acknowledged in the end, does not move": async (_, subject) => {
    const pubsub = await givingUp(subject);
    const dead = await pubsub.hold("dead_letter.g");
    const member = await pubsub.hold("t", { group: "g", acknowledgeTimeoutMs: 600_000 });
    await pubsub.publish("t", "saved", "lost");
    member.reject(await member.count(2));
    const again = await member.count(4);
    member.acknowledge(lastOf(member, "saved"));
    member.reject([lastOf(member, "lost")]);
    await dead.count(1);
    await pubsub.publish("t", "third");
    member.reject([(await member.count(5))[4]!]);
    await member.count(6);
    assert.deepEqual([dead.texts, again.length], [["lost"], 6]);
  },

  "a group does not take part in what others give up": async (_, subject) => {
    const pubsub = await givingUp(subject);
    const [dead, ofOther] = await Promise.all(["g", "h"].map((group) => pubsub.hold(deadLetterTopic(group))));
    const [gives, keeps] = await Promise.all(
      ["g", "h"].map((group) => pubsub.hold("t", { group, acknowledgeTimeoutMs: 600_000 })),
    );
    await pubsub.publish("t", "v");
    gives!.reject(await gives!.count(1));
    gives!.reject([(await gives!.count(2))[1]!]);
    await dead!.count(1);
    keeps!.reject(await keeps!.count(1));
    await keeps!.count(2);
    await pubsub.publish(deadLetterTopic("h"), "end");
    assert.deepEqual(await ofOther!.before("end"), []);
  },

  "a subscriber that leaves makes no dead letter": async (_, subject) => {
    const pubsub = await givingUp(subject);
    const dead = await pubsub.hold("dead_letter.g");
    // Somebody else keeps the group, and has no room for more.
    const keeper = await pubsub.hold("t", { group: "g", maxMessages: 1, acknowledgeTimeoutMs: 600_000 });
    await pubsub.publish("t", "kept by the keeper");
    await keeper.count(1);
    for (let round = 0; round < maxDeliveries + 2; round++) {
      const member = await pubsub.hold("t", { group: "g", acknowledgeTimeoutMs: 600_000 });
      if (round === 0) await pubsub.publish("t", "goes round");
      await member.count(1);
      member.leave();
    }
    await pubsub.publish("dead_letter.g", "end");
    assert.deepEqual(await dead.before("end"), []);
  },

  "a dead letter may be given up by another group, but not again by the same": async (_, subject) => {
    const pubsub = await givingUp(subject);
    const ofSecond = await pubsub.hold("dead_letter.second");
    const member = await pubsub.hold("t", { group: "g", acknowledgeTimeoutMs: 600_000 });
    const [same, second] = await Promise.all(
      ["g", "second"].map((group) => pubsub.hold("dead_letter.g", { group, acknowledgeTimeoutMs: 600_000 })),
    );
    await pubsub.publish(
      "t",
      messageOf({ payload: Buffer.from("v"), headers: [{ name: "own", value: Buffer.of(1) }] }),
    );
    await rejectTimes(member, maxDeliveries);
    await rejectTimes(second!, maxDeliveries);
    const [letter] = await ofSecond.count(1);
    assert.deepEqual(
      letter!.message.headers.map(({ name }) => name),
      ["own", "prism-topic", "prism-group", "prism-delivery-count", "prism-cause"],
    );
    assert.equal(headerOf(letter!, "prism-topic"), "dead_letter.g");
    await rejectTimes(same!, maxDeliveries);
    await same!.count(maxDeliveries + 1);
  },

  "a group whose name cannot stand in a topic has a dead letter topic too": async (_, subject) => {
    const pubsub = await givingUp(subject);
    const group = "a group > *";
    const dead = await pubsub.hold(deadLetterTopic(group));
    await pubsub.hold("t", { group, acknowledgeTimeoutMs: 600_000 }).then(async (member) => {
      await pubsub.publish("t", "v");
      await rejectTimes(member, maxDeliveries);
    });
    assert.equal(headerOf((await dead.count(1))[0]!, "prism-group"), group);
  },
});

async function rejectTimes(member: PubSubSubscription, times: number): Promise<void> {
  for (let round = 1; round <= times; round++) member.reject([(await member.count(round))[round - 1]!]);
}

function lastOf({ arrivals }: PubSubSubscription, wanted: string): Arrival {
  return arrivals.findLast(({ text }) => text === wanted)!;
}

function headerOf({ message }: Arrival, wanted: string): string {
  const found = message.headers.filter(({ name }) => name === wanted);
  assert.equal(found.length, 1, `the header ${wanted}`);
  return Buffer.from(found[0]!.value).toString();
}
