import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { GatewayError } from "../../errors.js";
import { assertFailure, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./queue-case.js";
import type { QueueClient, Receiving } from "./queue-client.js";
import { type Delivery, idsOf, textsOf } from "./wire-delivery.js";

/** How much longer than it must something may take on a busy machine. */
const latenessMsMax = 4_000;

export const receiveCases = casesOf("receiving", [], {
  "an empty queue answers at once, with nothing": async (queue) => {
    const { deliveries, lastedMs } = await timed(queue, { max: 10 });
    assert.deepEqual(deliveries, []);
    assert.ok(lastedMs < latenessMsMax, `it lasted ${lastedMs} ms`);
  },

  "one message comes unless more are asked for, and never more than that": async (queue) => {
    await queue.sendTexts(["a", "b", "c", "d", "e"]);
    assert.equal((await queue.receive()).length, 1);
    assert.equal((await queue.receive({ max: 3 })).length, 3);
    assert.equal((await queue.receive({ max: 100 })).length, 1);
  },

  "a message is one worker's at a time": async (queue) => {
    const texts = Array.from({ length: 200 }, (_, index) => `message ${index}`);
    await queue.sendTexts(texts);
    const workers = Array.from({ length: 20 }, async () => {
      const taken: Delivery[] = [];
      for (let some = await queue.receive({ max: 7 }); some.length > 0; some = await queue.receive({ max: 7 })) {
        taken.push(...some);
      }
      return taken;
    });
    const taken = (await Promise.all(workers)).flat();
    assert.deepEqual(textsOf(taken).sort(), [...texts].sort());
    assert.equal(new Set(idsOf(taken)).size, texts.length, "each delivery has an id of its own");
    assert.ok(taken.every(({ count }) => count === 1));
  },

  "a receive that waits is answered as soon as a message is there": async (queue) => {
    const waiting = timed(queue, { waitMs: 20_000 });
    await pause(200);
    await queue.send("late");
    const { deliveries, lastedMs } = await waiting;
    assert.deepEqual(textsOf(deliveries), ["late"]);
    assert.ok(lastedMs < 200 + latenessMsMax, `it lasted ${lastedMs} ms`);
  },

  "a receive that waits in vain says so after its wait": async (queue) => {
    const { deliveries, lastedMs } = await timed(queue, { waitMs: 700 });
    assert.deepEqual(deliveries, []);
    assert.ok(lastedMs >= 650 && lastedMs < 700 + latenessMsMax, `it lasted ${lastedMs} of 700 ms`);
  },

  "a receive waits no longer than its deadline allows": async (queue) => {
    assert.deepEqual(await queue.receive({ waitMs: 20_000 }, { timeoutMs: 2_000 }), []);
  },

  "workers that wait get a message each, and none gets another's": async (queue) => {
    const workers = Array.from({ length: 10 }, () => queue.receive({ max: 1, waitMs: 20_000 }));
    await pause(100);
    const texts = Array.from({ length: 10 }, (_, index) => `message ${index}`);
    await queue.sendTexts(texts);
    assert.deepEqual(textsOf((await Promise.all(workers)).flat()).sort(), texts);
  },

  "a worker that waits gets what another gives back": async (queue) => {
    await queue.send("m");
    const first = await queue.receiveOne();
    const waiting = queue.receive({ waitMs: 20_000 });
    await queue.reject([first.id]);
    assert.deepEqual(
      (await waiting).map(({ text, count }) => [text, count]),
      [["m", 2]],
    );
  },

  "a receive that was cancelled while it waited takes no message with it": async (queue) => {
    const leaving = new AbortController();
    const left = Array.from({ length: 20 }, () =>
      outcomeOf(queue.receive({ waitMs: 20_000, leaseMs: 60_000 }, { signal: leaving.signal })),
    );
    // Answered behind the receives, which the plugin has got by then, however slow the machine is.
    await queue.contents();
    await pause(100);
    leaving.abort();
    for (const outcome of await Promise.all(left)) {
      assert.ok(outcome instanceof GatewayError);
      assertFailure(outcome, "CANCELLED");
    }
    await queue.send("m");
    // Time for a receive that is still there to take it.
    await pause(50);
    const delivery = await queue.receiveOne();
    assert.deepEqual([delivery.text, delivery.count], ["m", 1]);
  },

  "receives that are cancelled at any moment lose no message": async (_, subject) => {
    // On a slow machine one message may be on its way to many receives that are cancelled.
    const queue = await subject.namespace({ options: { max_deliveries: 1_000 } });
    const texts = Array.from({ length: 40 }, (_, index) => `message ${index}`);
    const settled = new Set<string>();
    for (const text of texts) {
      const leaving = new AbortController();
      const left = outcomeOf(queue.receive({ waitMs: 5_000, leaseMs: 1_000 }, { signal: leaving.signal }));
      const sent = queue.send(text);
      await pause(Number(text.slice(8)) % 5);
      leaving.abort();
      await sent;
      const outcome = await left;
      if (outcome instanceof GatewayError) continue;
      for (const delivery of outcome) settled.add(delivery.text);
      await queue.acknowledge(idsOf(outcome));
    }
    while (settled.size < texts.length) {
      const delivery = await queue.receiveOne();
      assert.ok(!settled.has(delivery.text), `${delivery.text} was acknowledged and came again`);
      settled.add(delivery.text);
      await queue.acknowledge([delivery.id]);
    }
    assert.deepEqual(await queue.contents(), { ready: 0, leased: 0, delayed: 0, dead: 0 });
  },
});

async function timed(queue: QueueClient, options: Receiving) {
  const startedAtMs = performance.now();
  const deliveries = await queue.receive(options);
  return { deliveries, lastedMs: performance.now() - startedAtMs };
}
