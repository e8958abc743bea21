import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { assertSameMessage } from "../messaging/messages.js";
import { trickyMessages } from "../messaging/tricky-messages.js";
import { receiveAll } from "./messages.js";
import { casesOf } from "./queue-case.js";
import { idsOf, textsOf } from "./wire-delivery.js";

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

/** For plugins that say that an accepted message survives their process; each restart is a SIGKILL. */
export const durabilityCases = [
  ...casesOf("durability", [], {
    "what was accepted is there after a kill, as it was sent, and what was acknowledged is not": async (
      queue,
      subject,
    ) => {
      const sent = trickyMessages;
      await queue.sendAll(sent.map((message) => ({ message })));
      const gone = await queue.receive({ max: 5, leaseMs: 60_000 });
      await queue.acknowledge(idsOf(gone));
      await subject.restart();
      const kept = sent.filter(({ id }) => !gone.some(({ message }) => message.id === id));
      const arrived = await receiveAll(queue, kept.length);
      for (const message of kept) {
        assertSameMessage(arrived.find((delivery) => delivery.message.id === message.id)?.message, message);
      }
    },

    "of the messages in flight when it was killed, every accepted one is there": async (queue, subject) => {
      const accepted: string[] = [];
      const sends = Array.from({ length: 300 }, (_, index) => `message ${index}`).map(async (text) => {
        await queue.send(text);
        accepted.push(text);
      });
      await Promise.any(sends);
      await subject.restart();
      await Promise.allSettled(sends);
      const there = new Set<string>();
      for (let some = await queue.receive({ max: 100 }); some.length > 0; some = await queue.receive({ max: 100 })) {
        for (const text of textsOf(some)) there.add(text);
      }
      assert.deepEqual(
        accepted.filter((text) => !there.has(text)),
        [],
        "accepted messages that are lost",
      );
    },

    "of the acknowledgements in flight when it was killed, every answered one holds": async (queue, subject) => {
      await queue.sendTexts(Array.from({ length: 200 }, (_, index) => `message ${index}`));
      const deliveries = await receiveAll(queue, 200);
      const acknowledged = new Set<string>();
      const calls = deliveries.map(async ({ id, text }) => {
        const [outcome] = await queue.acknowledge([id]);
        if (outcome === undefined) acknowledged.add(text);
      });
      await Promise.any(calls);
      await subject.restart();
      await Promise.allSettled(calls);
      const { ready, leased } = await queue.contents();
      assert.ok(ready + leased <= 200 - acknowledged.size, "an acknowledged message is there again");
    },

    "leases survive: nobody else gets the message, its worker may settle it, and it comes when the lease ends": async (
      queue,
      subject,
    ) => {
      await queue.sendTexts(["settled", "ending"]);
      const settled = await queue.receiveOne({ leaseMs: 3_600_000 });
      const ending = await queue.receiveOne({ leaseMs: 3_000 });
      await subject.restart();
      assert.deepEqual(await queue.acknowledge([settled.id]), [undefined]);
      const again = await queue.receiveOne();
      assert.deepEqual([again.text, again.count], [ending.text, 2]);
    },

    "a consumer's messages come again after a kill, and none is lost": async (queue, subject) => {
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`);
      await queue.sendTexts(texts);
      const consumer = queue.consume({ messages: 100, leaseMs: 2_000 });
      const deliveries = [...(await consumer.until(100))];
      await consumer.acknowledge(idsOf(deliveries).slice(0, 50));
      await subject.restart();
      assert.notEqual(await consumer.ended, undefined);
      const next = queue.consume({ messages: 100 });
      const taken = await next.until(50);
      assert.deepEqual(textsOf(taken).sort(), textsOf(deliveries).slice(50).sort());
      await next.acknowledge(idsOf(taken));
      await pause(200);
      assert.deepEqual(await queue.contents(), nothing);
      next.cancel();
    },
  }),

  ...casesOf("durability", ["delay"], {
    "delays survive, and pass while nobody is there": async (queue, subject) => {
      await queue.sendAll([
        { message: "long", delayMs: 3_600_000 },
        { message: "short", delayMs: 500 },
      ]);
      await subject.restart({ afterMs: 500 });
      assert.equal((await queue.receiveOne()).text, "short");
      assert.deepEqual(await queue.contents(), { ...nothing, leased: 1, delayed: 1 });
    },
  }),

  ...casesOf("durability", ["deduplication"], {
    "deduplication ids survive": async (queue, subject) => {
      const { id } = await queue.send("m", { deduplicationId: "d" });
      await queue.acknowledge([(await queue.receiveOne()).id]);
      await subject.restart();
      assert.deepEqual(await queue.send("again", { deduplicationId: "d" }), { id, duplicate: true });
      assert.deepEqual(await queue.contents(), nothing);
    },
  }),

  ...casesOf("durability", ["dead_letter"], {
    "dead letters survive, with their cause, and counts do": async (_, subject) => {
      const queue = await subject.namespace({ options: { max_deliveries: 2 } });
      await queue.sendTexts(["dead", "once"]);
      const [dead, once] = await receiveAll(queue, 2);
      await queue.reject([dead!.id]);
      await queue.reject([(await queue.receiveOne()).id], { cause: "the cause" });
      await queue.reject([once!.id]);
      await subject.restart();
      assert.deepEqual(
        (await queue.deadLetters()).map(({ cause, deliveryCount }) => [cause, deliveryCount]),
        [["the cause", 2]],
      );
      const again = await queue.receiveOne();
      assert.equal(again.count, 2);
      assert.equal(await queue.redrive(), 1);
      assert.equal((await queue.receiveOne()).text, dead!.text);
    },

    "a dead letter is in one of both places when a redrive is killed": async (_, subject) => {
      const queue = await subject.namespace({ options: { max_deliveries: 1 } });
      await queue.sendTexts(Array.from({ length: 200 }, (_none, index) => `message ${index}`));
      await queue.reject(idsOf(await receiveAll(queue, 200)));
      const redrives = Array.from({ length: 40 }, () => queue.redrive({ limit: 5 }));
      await Promise.any(redrives);
      await subject.restart();
      await Promise.allSettled(redrives);
      const { ready, dead } = await queue.contents();
      assert.equal(ready + dead, 200);
    },
  }),
];
