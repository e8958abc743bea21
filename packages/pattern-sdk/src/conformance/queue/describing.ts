import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { casesOf } from "./queue-case.js";

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

export const describeCases = casesOf("describe", [], {
  "an empty queue holds nothing": async (queue) => {
    assert.deepEqual(await queue.describe(), {
      ready: 0n,
      leased: 0n,
      delayed: 0n,
      dead: 0n,
      oldestSendTime: undefined,
    });
  },

  "messages are counted where they are": async (queue) => {
    await queue.sendTexts(["a", "b", "c", "d", "e"]);
    assert.deepEqual(await queue.contents(), { ...nothing, ready: 5 });
    const [one, other] = await queue.receive({ max: 3, leaseMs: 60_000 });
    assert.deepEqual(await queue.contents(), { ...nothing, ready: 2, leased: 3 });
    await queue.acknowledge([one!.id]);
    await queue.reject([other!.id]);
    assert.deepEqual(await queue.contents(), { ...nothing, ready: 3, leased: 1 });
  },

  "a message whose lease has ended is counted as ready": async (queue) => {
    await queue.send("m");
    await queue.receiveOne({ leaseMs: 1_000 });
    assert.deepEqual(await queue.contents(), { ...nothing, leased: 1 });
    await eventually("the message is ready again", async () => (await queue.contents()).ready === 1);
    assert.deepEqual(await queue.contents(), { ...nothing, ready: 1 });
  },

  "the oldest message that can be received says since when": async (queue) => {
    await queue.send("old");
    const old = await queue.receiveOne();
    assert.equal((await queue.describe()).oldestSendTime, undefined, "a leased message cannot be received");
    await queue.send("new");
    await queue.reject([old.id]);
    const { oldestSendTime } = await queue.describe();
    assert.ok(oldestSendTime !== undefined);
    const oldestMs = Number(oldestSendTime.seconds) * 1_000 + oldestSendTime.nanos / 1e6;
    assert.ok(Math.abs(oldestMs - old.sentAtMs) < 2, `${oldestMs} is not ${old.sentAtMs}`);
  },
});
