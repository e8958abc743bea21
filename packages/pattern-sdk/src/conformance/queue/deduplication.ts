import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { GatewayError } from "../../errors.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./queue-case.js";
import { textsOf } from "./wire-delivery.js";

/** Ids that are easily taken for each other. */
const alike = ["a", "A", "a ", "a\0", "a:b", "á", "a\u0301", "😀", "x".repeat(128), `${"x".repeat(127)}y`];

export const deduplicationCases = casesOf("deduplication", ["deduplication"], {
  "a message that was sent before is not sent again, and the answer is that of the first": async (queue) => {
    const first = await queue.send(messageOf({ id: "first", payload: "one" }), { deduplicationId: "d" });
    assert.deepEqual(first, { id: "first", duplicate: false });
    const again = await queue.send(messageOf({ id: "second", payload: "two" }), { deduplicationId: "d" });
    assert.deepEqual(again, { id: "first", duplicate: true });
    assert.deepEqual(textsOf(await queue.receive({ max: 10 })), ["one"]);
  },

  "two messages of one request are told apart from one that comes twice": async (queue) => {
    const outcomes = await queue.sendAll([
      { message: messageOf({ id: "1" }), deduplicationId: "d" },
      { message: messageOf({ id: "2" }), deduplicationId: "e" },
      { message: messageOf({ id: "3" }), deduplicationId: "d" },
      { message: messageOf({ id: "4" }) },
      { message: messageOf({ id: "5" }) },
    ]);
    assert.deepEqual(outcomes, [
      { id: "1", duplicate: false },
      { id: "2", duplicate: false },
      { id: "1", duplicate: true },
      { id: "4", duplicate: false },
      { id: "5", duplicate: false },
    ]);
    assert.equal((await queue.contents()).ready, 4);
  },

  "of concurrent sends of one message exactly one is accepted": async (queue) => {
    for (let round = 0; round < 5; round++) {
      const sends = Array.from({ length: 20 }, (_, sender) =>
        queue.send(messageOf({ id: `${round}-${sender}` }), { deduplicationId: `round ${round}` }),
      );
      const outcomes = await Promise.all(sends);
      const accepted = outcomes.filter(({ duplicate }) => !duplicate);
      assert.equal(accepted.length, 1);
      assert.deepEqual(new Set(outcomes.map(({ id }) => id)), new Set([accepted[0]?.id]));
    }
    assert.equal((await queue.contents()).ready, 5);
  },

  "a message that was handled is still not sent again": async (queue) => {
    await queue.send(messageOf({ id: "first" }), { deduplicationId: "d" });
    await queue.acknowledge([(await queue.receiveOne()).id]);
    assert.deepEqual(await queue.send("again", { deduplicationId: "d" }), { id: "first", duplicate: true });
    assert.deepEqual(await queue.receive({ max: 10 }), []);
  },

  "ids that are alike are different ids": async (queue) => {
    const outcomes = await queue.sendAll(alike.map((deduplicationId) => ({ message: "m", deduplicationId })));
    for (const [index, outcome] of outcomes.entries()) {
      assert.ok(!(outcome instanceof GatewayError));
      assert.equal(outcome.duplicate, false, `id ${JSON.stringify(alike[index])} was taken for another`);
    }
    assert.equal((await queue.contents()).ready, alike.length);
  },

  "an id counts for as long as the namespace says, and not longer": async (_, subject) => {
    const queue = await subject.namespace({ options: { deduplication_window: "2s" } });
    const sentAtMs = performance.now();
    await queue.send(messageOf({ id: "first" }), { deduplicationId: "d" });
    let outcome = await queue.send(messageOf({ id: "other" }), { deduplicationId: "d" });
    assert.equal(outcome.duplicate, true);
    while (outcome.duplicate) {
      await pause(100);
      assert.ok(performance.now() - sentAtMs < 10_000, "the id still counts after 10 s of a window of 2 s");
      outcome = await queue.send(messageOf({ id: "other" }), { deduplicationId: "d" });
    }
    assert.ok(performance.now() - sentAtMs >= 1_900, "the id counted for less than its window of 2 s");
    assert.equal(outcome.id, "other");
    assert.equal((await queue.contents()).ready, 2);
  },

  "ids of one namespace are none of another's": async (queue, subject) => {
    const other = await subject.namespace();
    for (const each of [queue, other]) {
      assert.equal((await each.send("m", { deduplicationId: "d" })).duplicate, false);
      assert.equal((await each.contents()).ready, 1);
    }
  },
});
