import assert from "node:assert/strict";
import { numbered } from "../messaging/messages.js";
import { casesOf } from "./pub-sub-case.js";

const held = { group: "g", acknowledgeTimeoutMs: 2_000 };

export const durabilityCases = casesOf("durability", ["durable", "acknowledgement"], {
  "what a group keeps survives the end of the process": async (pubsub, subject) => {
    const before = await pubsub.hold("t", held);
    before.leave();
    await pubsub.publish("t", ...numbered(50));
    await subject.restart();
    const after = await pubsub.hold("t", held);
    await after.count(50);
    assert.deepEqual(after.texts, numbered(50));
  },

  "what a member held when the process ended is delivered again, and what was accepted since too": async (
    pubsub,
    subject,
  ) => {
    const before = await pubsub.hold("t", held);
    await pubsub.publish("t", ...numbered(10));
    await before.count(10);
    await subject.restart();
    await pubsub.publish("t", ...numbered(10, 10));
    const after = await pubsub.hold("t", held);
    await after.until("every message arrives", (arrivals) => new Set(arrivals.map(({ text }) => text)).size >= 20);
  },
});
