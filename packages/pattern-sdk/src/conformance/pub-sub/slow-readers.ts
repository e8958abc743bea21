import assert from "node:assert/strict";
import { numbered } from "../messaging/messages.js";
import { casesOf } from "./pub-sub-case.js";
import type { PubSubClient } from "./pub-sub-client.js";
import type { PubSubSubject } from "./pub-sub-subject.js";

/** More than all the buffers on the way hold: 16 MiB. */
const messages = 256;
const payloadBytes = 65_536;

export const slowReaderCases = casesOf("slow readers", [], {
  "a reader that is too slow is told in its place how much it lost, and gets all the rest": async (pubsub, subject) => {
    const subscription = await pubsub.subscribe("t", { isReading: false, maxMessages: 10 });
    await publishLarge(pubsub, subject);
    subscription.resume();
    const arrivals = await subscription.until("the last message that is not lost arrives", (arrived) => {
      const lost = subscription.losses.reduce((sum, loss) => sum + loss.messages, 0);
      return arrived.length + lost >= messages;
    });
    await pubsub.publish("t", "end");
    await subscription.before("end");
    const numbers = arrivals.slice(0, -1).map(({ message }) => Number(message.id));
    assert.ok(subscription.losses.length > 0, "something was lost");
    const places = numbers.map((number, index) => {
      const lost = subscription.losses
        .filter(({ after }) => after <= index)
        .reduce((sum, loss) => sum + loss.messages, 0);
      return number - lost;
    });
    assert.deepEqual(
      places,
      numbers.map((_, index) => index),
      "what is lost is counted where it is missing",
    );
    for (const loss of subscription.losses) assert.ok(loss.messages > 0, "a loss is of one message or more");
  },

  "a slow reader holds up nobody": async (pubsub, subject) => {
    const slow = await pubsub.subscribe("t", { isReading: false });
    const quick = await pubsub.subscribe("t", { maxMessages: 10_000, maxBytes: 64 * 2 ** 20 });
    await publishLarge(pubsub, subject);
    await quick.count(messages);
    assert.deepEqual(quick.losses, []);
    slow.leave();
  },
});

async function publishLarge(pubsub: PubSubClient, subject: PubSubSubject): Promise<void> {
  const payload = Buffer.alloc(subject.payloadSize(payloadBytes));
  for (const id of numbered(messages)) await pubsub.publish("t", { id, payload });
}
