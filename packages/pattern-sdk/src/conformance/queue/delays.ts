import assert from "node:assert/strict";
import { casesOf } from "./queue-case.js";
import { textsOf } from "./wire-delivery.js";

/** How early a delay may seem to have ended, for want of exact clocks. */
const earlinessMsMax = 100;

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

export const delayCases = casesOf("delays", ["delay"], {
  "a delayed message cannot be received before its time, and can then": async (queue) => {
    const sentAtMs = performance.now();
    await queue.send("later", { delayMs: 1_500 });
    assert.deepEqual(await queue.receive({ max: 10 }), []);
    assert.deepEqual(await queue.contents(), { ...nothing, delayed: 1 });
    const delivery = await queue.receiveOne();
    const waitedMs = performance.now() - sentAtMs;
    assert.ok(waitedMs >= 1_500 - earlinessMsMax, `it came after ${waitedMs} of 1500 ms`);
    assert.deepEqual([delivery.text, delivery.count], ["later", 1]);
  },

  "delays run side by side, and hold up no other message": async (queue) => {
    await queue.sendAll([
      { message: "in an hour", delayMs: 3_600_000 },
      { message: "second", delayMs: 1_600 },
      { message: "first", delayMs: 800 },
      { message: "now" },
    ]);
    const texts: string[] = [];
    for (let count = 0; count < 3; count++) texts.push((await queue.receiveOne()).text);
    assert.deepEqual(texts, ["now", "first", "second"]);
    assert.deepEqual(await queue.contents(), { ...nothing, leased: 3, delayed: 1 });
  },

  "a delay of 14 days is taken, and one of 0 is none": async (queue) => {
    await queue.sendAll([
      { message: "in 14 days", delayMs: 1_209_600_000 },
      { message: "now", delayMs: 0 },
    ]);
    assert.deepEqual(textsOf(await queue.receive({ max: 10 })), ["now"]);
    assert.deepEqual(await queue.contents(), { ...nothing, leased: 1, delayed: 1 });
  },

  "a message that is rejected with a delay comes again after it": async (queue) => {
    await queue.send("m");
    const { id } = await queue.receiveOne();
    const rejectedAtMs = performance.now();
    assert.deepEqual(await queue.reject([id], { delayMs: 1_200 }), [undefined]);
    assert.deepEqual(await queue.receive({ max: 10 }), []);
    assert.deepEqual(await queue.contents(), { ...nothing, delayed: 1 });
    const delivery = await queue.receiveOne();
    const waitedMs = performance.now() - rejectedAtMs;
    assert.ok(waitedMs >= 1_200 - earlinessMsMax, `it came after ${waitedMs} of 1200 ms`);
    assert.equal(delivery.count, 2);
  },
});
