import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { numbered } from "../messaging/messages.js";
import { arrivalsAt, sortedTexts } from "./members.js";
import { casesOf } from "./pub-sub-case.js";

/** Names of groups that are easily taken for each other, or for something else. */
const alikeGroups = ["g", "G", "g ", "g:x", "g.x", "g*", ">", "g\0", "é", "e\u0301", "😀", "x".repeat(128)];

export const groupCases = [
  ...casesOf("groups", ["groups"], {
    "each message goes to one member": async (pubsub) => {
      const members = await Promise.all(numbered(3).map(() => pubsub.subscribe("t", { group: "g" })));
      for (const text of numbered(100)) await pubsub.publish("t", text);
      await eventually("every message arrives at a member", () => arrivalsAt(members).length >= 100);
      await pubsub.publish("t", ...numbered(100, 100));
      await eventually("every message arrives at a member", () => arrivalsAt(members).length >= 200);
      assert.deepEqual(sortedTexts(arrivalsAt(members)), numbered(200));
    },

    "every group and every subscriber without one gets every message": async (pubsub) => {
      const groups = await Promise.all(["a", "b", ""].map((group) => pubsub.subscribe("t", { group })));
      await pubsub.publish("t", ...numbered(50), "end");
      for (const subscription of groups) assert.deepEqual(await subscription.before("end"), numbered(50));
    },

    "groups whose names are alike, and the same group of another topic, are groups of their own": async (pubsub) => {
      const groups = await Promise.all(alikeGroups.map((group) => pubsub.subscribe("t", { group })));
      const ofOtherTopic = await pubsub.subscribe("u", { group: "g" });
      await pubsub.publish("t", "v", "end");
      await pubsub.publish("u", "w", "end");
      for (const subscription of groups) assert.deepEqual(await subscription.before("end"), ["v"]);
      assert.deepEqual(await ofOtherTopic.before("end"), ["w"]);
    },

    "messages of one publisher reach a member in order": async (pubsub) => {
      const members = await Promise.all([1, 2].map(() => pubsub.subscribe("t", { group: "g" })));
      for (const text of numbered(100)) await pubsub.publish("t", text);
      await eventually("every message arrives at a member", () => arrivalsAt(members).length >= 100);
      for (const { arrivals, texts } of members) assert.deepEqual(texts, sortedTexts(arrivals));
    },
  }),

  ...casesOf("groups", ["groups", "acknowledgement"], {
    "a message goes to a member that has room": async (pubsub) => {
      const members = await Promise.all(numbered(4).map(() => pubsub.hold("t", { group: "g", maxMessages: 1 })));
      await pubsub.publish("t", ...numbered(4));
      for (const member of members) await member.count(1);
      assert.deepEqual(sortedTexts(arrivalsAt(members)), numbered(4));
    },

    "what a member that leaves has not acknowledged goes to the others at once": async (pubsub) => {
      const [leaving, staying] = await Promise.all([
        pubsub.hold("t", { group: "g", maxMessages: 50, acknowledgeTimeoutMs: 600_000 }),
        pubsub.hold("t", { group: "g", maxMessages: 1, acknowledgeTimeoutMs: 600_000 }),
      ]);
      await pubsub.publish("t", ...numbered(51));
      await Promise.all([leaving.count(50), staying.count(1)]);
      leaving.acknowledge(...leaving.arrivals.slice(0, 10));
      leaving.reject(leaving.arrivals.slice(10, 20), { delayMs: 0 });
      leaving.leave();
      const handled = new Set<string>();
      await staying.until("all that was not acknowledged arrives", (arrivals) => {
        const fresh = arrivals.filter(({ deliveryId }) => !handled.has(deliveryId));
        for (const { deliveryId } of fresh) handled.add(deliveryId);
        if (fresh.length > 0) staying.acknowledge(...fresh);
        const texts = new Set(arrivals.map(({ text }) => text));
        return leaving.arrivals.slice(10).every(({ text }) => texts.has(text));
      });
    },

    "a member that closes its side ends in good order, and what it has acknowledged is": async (pubsub) => {
      const [leaving, staying] = await Promise.all([
        pubsub.hold("t", { group: "g", maxMessages: 20, acknowledgeTimeoutMs: 600_000 }),
        pubsub.hold("t", { group: "g", maxMessages: 1, acknowledgeTimeoutMs: 600_000 }),
      ]);
      await pubsub.publish("t", ...numbered(21));
      await Promise.all([leaving.count(20), staying.count(1)]);
      for (const arrival of leaving.arrivals.slice(0, 19)) leaving.acknowledge(arrival);
      leaving.closeSide();
      assert.equal(await leaving.ended, undefined, "the subscription ends well");
      staying.acknowledge(...staying.arrivals);
      await staying.count(2);
      staying.acknowledge(staying.arrivals[1]!);
      await pubsub.publish("t", "end");
      await staying.before("end");
      assert.deepEqual(staying.texts.slice(1), [leaving.texts[19], "end"]);
    },

    "of 100 messages none is lost when a member leaves in the midst of them": async (pubsub) => {
      const [leaving, staying] = await Promise.all(
        [1, 2].map(() => pubsub.hold("t", { group: "g", maxMessages: 20, acknowledgeTimeoutMs: 600_000 })),
      );
      const handled = new Set<string>();
      const handle = (member: typeof leaving) => {
        const fresh = member!.arrivals.filter(({ text }) => !handled.has(text));
        for (const { text } of fresh) handled.add(text);
        if (fresh.length > 0) member!.acknowledge(...fresh);
      };
      await pubsub.publish("t", ...numbered(50));
      await eventually("half of the messages are handled", () => {
        handle(leaving);
        handle(staying);
        return handled.size >= 50;
      });
      await pubsub.publish("t", ...numbered(50, 50));
      await leaving!.until("the one that leaves holds some", (arrivals) =>
        arrivals.some(({ text }) => !handled.has(text)),
      );
      leaving!.leave();
      await eventually("every message is handled", () => {
        handle(staying);
        return handled.size >= 100;
      });
      assert.deepEqual(
        [...handled].sort((a, b) => Number(a) - Number(b)),
        numbered(100),
      );
    },
  }),
];
