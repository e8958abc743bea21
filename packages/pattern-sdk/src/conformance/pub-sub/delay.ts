import assert from "node:assert/strict";
import { casesOf } from "./pub-sub-case.js";

const delayMs = 1_200;
const earlyMsMax = 20;

export const delayCases = casesOf("delay", ["delay"], {
  "what is rejected with a delay comes again after it, and others pass it": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: 600_000 });
    await pubsub.publish("t", "delayed");
    const [first] = await subscription.count(1);
    const rejectedAtMs = performance.now();
    subscription.reject([first!], { delayMs });
    await pubsub.publish("t", "passes");
    await subscription.count(3);
    assert.deepEqual(subscription.texts, ["delayed", "passes", "delayed"]);
    const again = subscription.arrivals[2]!;
    const waitedMs = again.arrivedAtMs - rejectedAtMs;
    assert.ok(waitedMs >= delayMs - earlyMsMax, `it came after ${waitedMs} of ${delayMs} ms`);
    assert.equal(again.deliveryCount, 2);
  },

  "different delays count from their rejections": async (pubsub) => {
    const subscription = await pubsub.hold("t", { acknowledgeTimeoutMs: 600_000 });
    await pubsub.publish("t", "late", "early", "now");
    const [late, early, now] = await subscription.count(3);
    subscription.reject([late!], { delayMs: 1_500 });
    subscription.reject([early!], { delayMs: 500 });
    subscription.reject([now!], { delayMs: 0 });
    await subscription.count(6);
    assert.deepEqual(subscription.texts.slice(3), ["now", "early", "late"]);
  },
});
