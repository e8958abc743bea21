import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { assertFailure } from "../expect-failure.js";
import { assertSameMessage, messageOf } from "../messaging/messages.js";
import { trickyMessages } from "../messaging/tricky-messages.js";
import { assertAbout, assertLost } from "./leases.js";
import { receiveAll } from "./messages.js";
import { casesOf } from "./queue-case.js";
import { idsOf, textsOf } from "./wire-delivery.js";

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

export const consumeCases = casesOf("consuming", [], {
  "a consumer gets what is there and what comes, as it was sent": async (queue) => {
    const sent = trickyMessages;
    await queue.sendAll(sent.slice(0, 10).map((message) => ({ message })));
    const consumer = queue.consume({ messages: 1_000 });
    await consumer.until(10);
    for (const message of sent.slice(10)) await queue.send(message);
    const arrived = await consumer.until(sent.length);
    for (const message of sent) {
      assertSameMessage(arrived.find((delivery) => delivery.message.id === message.id)?.message, message);
    }
    assert.equal(arrived.length, sent.length);
    assert.ok(arrived.every(({ count }) => count === 1));
    consumer.cancel();
  },

  "what a consumer acknowledges is gone, and each request is answered": async (queue) => {
    await queue.sendTexts(["a", "b", "c"]);
    const consumer = queue.consume();
    const [a, b, c] = idsOf(await consumer.until(3));
    assert.deepEqual(await consumer.acknowledge([a!]), [undefined]);
    assertLost(await consumer.acknowledge([b!, a!, "1.none", c!]), [false, true, true, false]);
    assert.deepEqual(await queue.contents(), nothing);
    assert.equal(await consumer.finish(), undefined);
  },

  "what a consumer rejects is delivered again, with the count raised": async (queue) => {
    await queue.send("m");
    const consumer = queue.consume();
    const [first] = await consumer.until(1);
    assert.deepEqual(await consumer.reject([first!.id], { cause: "not now" }), [undefined]);
    const [, second] = await consumer.until(2);
    assert.deepEqual([second?.text, second?.count], ["m", 2]);
    assertLost(await consumer.reject([first!.id]), [true]);
    assert.deepEqual(await consumer.acknowledge([second!.id]), [undefined]);
    consumer.cancel();
  },

  "what a consumer extends stays its own": async (queue) => {
    await queue.sendTexts(["kept", "lost"]);
    const consumer = queue.consume({ leaseMs: 1_000 });
    const deliveries = await consumer.until(2);
    const kept = deliveries.find(({ text }) => text === "kept");
    assertAbout(deliveries[0]?.leaseExpiresAtMs, Date.now() + 1_000);
    assertAbout((await consumer.extend([kept!.id], 60_000))[0], Date.now() + 60_000);
    const [, , again] = await consumer.until(3);
    assert.deepEqual([again?.text, again?.count], ["lost", 2]);
    assert.deepEqual(await consumer.acknowledge([kept!.id]), [undefined]);
    consumer.cancel();
  },

  "an extension without a lease is as long as the consumer's leases": async (queue) => {
    await queue.send("m");
    const consumer = queue.consume({ leaseMs: 300_000 });
    const [delivery] = await consumer.until(1);
    assertAbout((await consumer.extend([delivery!.id]))[0], Date.now() + 300_000);
    consumer.cancel();
  },

  "requests are answered in their order": async (queue) => {
    await queue.sendTexts(Array.from({ length: 50 }, (_, index) => `message ${index}`));
    const consumer = queue.consume();
    const ids = idsOf(await consumer.until(50));
    for (const [index, id] of ids.entries()) {
      const deliveryIds = index % 2 === 0 ? [id] : [id, "1.none"];
      consumer.say({ action: { $case: "acknowledge", value: { namespace: "", deliveryIds } } });
    }
    consumer.say({
      action: { $case: "extend", value: { namespace: queue.namespace, deliveryIds: ["1.none"], lease: undefined } },
    });
    assert.equal(await consumer.finish(), undefined);
    const sizes = consumer.answers.map((answer) =>
      answer.$case === "acknowledged" ? answer.value.statuses.length : 0,
    );
    assert.deepEqual(sizes, [...ids.map((_, index) => (index % 2 === 0 ? 1 : 2)), 0]);
    assert.deepEqual(await queue.contents(), nothing);
  },

  "consumers and receivers share a queue: each message is one worker's": async (queue) => {
    const consumers = [queue.consume({ messages: 20 }), queue.consume({ messages: 20 })];
    const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`);
    for (const text of texts) await queue.send(text);
    const received: string[] = [];
    const handled = () => [...received, ...consumers.flatMap(({ deliveries }) => textsOf(deliveries))];
    const settled = new Set<string>();
    while (handled().length < texts.length) {
      for (const consumer of consumers) {
        const open = idsOf(consumer.deliveries).filter((id) => !settled.has(id));
        if (open.length === 0) continue;
        assert.ok((await consumer.acknowledge(open)).every((outcome) => outcome === undefined));
        for (const id of open) settled.add(id);
      }
      const some = await queue.receive({ max: 5, leaseMs: 60_000 });
      if (some.length > 0) await queue.acknowledge(idsOf(some));
      received.push(...textsOf(some));
      await pause(1);
    }
    assert.deepEqual(handled().sort(), [...texts].sort());
    for (const consumer of consumers) consumer.cancel();
  },

  "a consumer that ends its call gives back at once what it has not settled": async (queue) => {
    await queue.sendTexts(["a", "b", "c"]);
    const consumer = queue.consume({ leaseMs: 3_600_000 });
    const [first] = await consumer.until(3);
    await consumer.acknowledge([first!.id]);
    assert.equal(await consumer.finish(), undefined, "the call ends without an error");
    assert.deepEqual(await queue.contents(), { ...nothing, ready: 2 });
    const again = await receiveAll(queue, 2);
    assert.ok(
      again.every(({ count }) => count === 2),
      "the count is not lowered",
    );
    assertLost(await queue.acknowledge(idsOf(consumer.deliveries)), [true, true, true]);
  },

  "of 100 messages that a consumer had, the 50 that it acknowledged are gone when it leaves, and the others come at once":
    async (queue) => {
      const texts = Array.from({ length: 100 }, (_, index) => `message ${index}`);
      await queue.sendTexts(texts);
      const leaving = queue.consume({ messages: 100, leaseMs: 3_600_000 });
      const deliveries = [...(await leaving.until(100))];
      await leaving.acknowledge(idsOf(deliveries).slice(0, 50));
      leaving.cancel();
      const next = queue.consume({ messages: 100 });
      const taken = await next.until(50);
      assert.deepEqual(textsOf(taken).sort(), textsOf(deliveries).slice(50).sort());
      assert.ok(taken.every(({ count }) => count === 2));
      assert.deepEqual(await queue.contents(), { ...nothing, leased: 50 });
      next.cancel();
    },

  "consumers that come and go at any moment lose no message": async (_, subject) => {
    const queue = await subject.namespace({ options: { max_deliveries: 1_000 } });
    const texts = Array.from({ length: 60 }, (_, index) => `message ${index}`);
    await queue.sendTexts(texts);
    const settled = new Set<string>();
    for (let round = 0; settled.size < texts.length; round++) {
      assert.ok(round < 200, `only ${settled.size} of ${texts.length} messages were handled`);
      const consumer = queue.consume({ messages: 5, leaseMs: 1_000 });
      await consumer.until(1);
      const [delivery] = consumer.deliveries;
      const [outcome] = await consumer.acknowledge([delivery!.id]);
      if (outcome === undefined) settled.add(delivery!.text);
      consumer.cancel();
    }
    assert.deepEqual([...settled].sort(), [...texts].sort());
    assert.deepEqual(await queue.contents(), nothing);
  },

  "a namespace that is taken away ends its consumers, and what they had is ready again, uncounted": async (
    _,
    subject,
  ) => {
    const name = subject.freshName();
    const queue = await subject.namespace({ name });
    await queue.sendTexts(["a", "b"]);
    const consumer = queue.consume({ leaseMs: 3_600_000 });
    await consumer.until(2);
    const idle = queue.consume();
    await idle.started();
    await subject.unbind(name);
    for (const ended of [await consumer.ended, await idle.ended]) assertFailure(ended, "NAMESPACE_UNAVAILABLE");
    await subject.bind(name);
    const again = await receiveAll(queue, 2);
    assert.deepEqual(
      again.map(({ count }) => count),
      [1, 1],
    );
  },

  "a receive that waits has waited in vain when its namespace is taken away": async (_, subject) => {
    const name = subject.freshName();
    const queue = await subject.namespace({ name });
    const waiting = queue.receive({ waitMs: 20_000 });
    await queue.receive({ waitMs: 100 });
    await subject.unbind(name);
    assert.deepEqual(await waiting, []);
  },

  "a message that is larger than a consumer may have is delivered alone": async (queue, subject) => {
    const payload = Buffer.alloc(subject.payloadSize(300_000), "p");
    await queue.sendAll([{ message: "small 1" }, { message: messageOf({ payload }) }, { message: "small 2" }]);
    const consumer = queue.consume({ bytes: 1_024 });
    const settled: number[] = [];
    while (settled.length < 3) {
      const deliveries = await consumer.until(settled.length + 1);
      await pause(50);
      const open = consumer.deliveries.slice(settled.length);
      const largeIsOpen = open.some(({ message }) => message.payload.length > 1_024);
      assert.ok(!largeIsOpen || open.length === 1, "the large message was not alone");
      const next = deliveries[settled.length]!;
      settled.push(next.message.payload.length);
      await consumer.acknowledge([next.id]);
    }
    assert.deepEqual(
      [...settled].sort((one, other) => one - other),
      [7, 7, payload.length],
    );
    consumer.cancel();
  },
});
