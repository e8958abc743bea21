import assert from "node:assert/strict";
import { assertLost } from "./leases.js";
import { receiveAll } from "./messages.js";
import { casesOf } from "./queue-case.js";
import { idsOf, textsOf } from "./wire-delivery.js";

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

export const settleCases = casesOf("settling", [], {
  "an acknowledged message is gone for good": async (queue) => {
    await queue.sendTexts(["a", "b"]);
    const deliveries = await queue.receive({ max: 2, leaseMs: 1_000 });
    assert.deepEqual(await queue.acknowledge(idsOf(deliveries)), [undefined, undefined]);
    assert.deepEqual(await queue.contents(), nothing);
    assert.deepEqual(await queue.receive({ max: 10, waitMs: 1_500 }), [], "a message came again after its lease");
    assert.deepEqual(await queue.contents(), nothing);
  },

  "a rejected message is delivered again at once, with the count raised": async (queue) => {
    await queue.send("m");
    for (const count of [1, 2, 3, 4]) {
      const [delivery] = await queue.receive({ leaseMs: 60_000, waitMs: 5_000 });
      assert.deepEqual([delivery?.text, delivery?.count], ["m", count]);
      assert.deepEqual(await queue.reject([delivery!.id]), [undefined]);
    }
  },

  "a delivery is settled once": async (queue) => {
    await queue.sendTexts(["acknowledged", "rejected"]);
    const [one, other] = await queue.receive({ max: 2, leaseMs: 60_000 });
    await queue.acknowledge([one!.id]);
    await queue.reject([other!.id]);
    const ids = [one!.id, other!.id];
    for (const outcomes of [await queue.acknowledge(ids), await queue.reject(ids), await queue.extend(ids, 60_000)]) {
      assertLost(outcomes, [true, true]);
    }
    const [again] = await queue.receive({ max: 2, waitMs: 5_000 });
    assert.deepEqual([again?.text, again?.count], [other!.text, 2]);
  },

  "each id of a request has its answer in its place": async (queue) => {
    await queue.sendTexts(["a", "b", "c", "d"]);
    const [a, b, c, d] = idsOf(await receiveAll(queue, 4));
    assertLost(await queue.acknowledge(["1.none", a!, "none", b!]), [true, false, true, false]);
    assertLost(await queue.reject([c!, a!]), [false, true]);
    assertLost(await queue.extend([b!, d!, c!], 60_000), [true, false, true]);
    assert.deepEqual(await queue.contents(), { ...nothing, ready: 1, leased: 1 });
  },

  "an id that stands twice in a request counts once": async (queue) => {
    await queue.sendTexts(["a", "b"]);
    const [a, b] = idsOf(await receiveAll(queue, 2));
    assertLost(await queue.acknowledge([a!, a!]), [false, true]);
    assertLost(await queue.reject([b!, a!, b!]), [false, true, true]);
    const [again] = await queue.receive({ waitMs: 5_000 });
    assert.equal(again?.count, 2, "the message was given back twice");
  },

  "1,000 deliveries are settled by one request": async (queue) => {
    await queue.sendTexts(Array.from({ length: 1_000 }, (_, index) => `message ${index}`));
    const ids = idsOf(await receiveAll(queue, 1_000));
    assertLost(
      await queue.extend(ids, 120_000),
      ids.map(() => false),
    );
    assert.deepEqual(
      await queue.acknowledge(ids),
      ids.map(() => undefined),
    );
    assert.deepEqual(await queue.contents(), nothing);
  },

  "workers that settle in every way lose no message and keep none": async (queue) => {
    const texts = Array.from({ length: 300 }, (_, index) => `message ${index}`);
    await queue.sendTexts(texts);
    const handled: string[] = [];
    const worker = async (): Promise<void> => {
      while (handled.length < texts.length) {
        const some = await queue.receive({ max: 5, leaseMs: 60_000, waitMs: 200 });
        const [given, kept] = [some.filter(({ count }) => count === 1), some.filter(({ count }) => count > 1)];
        if (given.length > 0) await queue.reject(idsOf(given));
        if (kept.length > 0) await queue.acknowledge(idsOf(kept));
        handled.push(...textsOf(kept));
      }
    };
    await Promise.all(Array.from({ length: 8 }, worker));
    assert.deepEqual([...handled].sort(), [...texts].sort());
    assert.deepEqual(await queue.contents(), nothing);
  },
});
