import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { assertNamesField, expectFailure } from "../expect-failure.js";
import { assertSameMessage, messageOf } from "../messaging/messages.js";
import { trickyMessages } from "../messaging/tricky-messages.js";
import { seededRandom } from "../seeded-random.js";
import { casesOf } from "./queue-case.js";
import type { QueueClient } from "./queue-client.js";
import { type Delivery, idsOf } from "./wire-delivery.js";

const mebibyte = 2 ** 20;

/** Sizes around the steps of protobuf lengths, HTTP/2 frames and windows. */
const payloadSizesBytes = [0, 1, 127, 128, 16_383, 16_384, 65_535, 65_536, 262_144, mebibyte - 1, mebibyte];

/** How far the clock of a data system may be from this one. */
const skewMsMax = 60_000;

export const messageCases = casesOf("messages", [], {
  "a message arrives as it was sent: id, key, headers in their order, content type and payload": async (queue) => {
    const sent = trickyMessages;
    for (const message of sent) await queue.send(message);
    const arrived = await receiveAll(queue, sent.length);
    for (const message of sent) {
      assertSameMessage(arrived.find((delivery) => delivery.message.id === message.id)?.message, message);
    }
    assert.equal(arrived.length, sent.length);
  },

  "messages of one request arrive as they were sent, each with an outcome in its place": async (queue) => {
    const sent = trickyMessages;
    const outcomes = await queue.sendAll(sent.map((message) => ({ message })));
    assert.deepEqual(
      outcomes,
      sent.map(({ id }) => ({ id, duplicate: false })),
    );
    const arrived = await receiveAll(queue, sent.length);
    for (const message of sent) {
      assertSameMessage(arrived.find((delivery) => delivery.message.id === message.id)?.message, message);
    }
  },

  "a message that is delivered again is still as it was sent": async (queue) => {
    const sent = trickyMessages;
    await queue.sendAll(sent.map((message) => ({ message })));
    const first = await receiveAll(queue, sent.length);
    assert.deepEqual(
      await queue.reject(idsOf(first), { cause: "not now" }),
      first.map(() => undefined),
    );
    for (const delivery of await receiveAll(queue, sent.length)) {
      const message = sent.find(({ id }) => id === delivery.message.id);
      assert.ok(message !== undefined, `a message came that was not sent: ${delivery.message.id}`);
      assertSameMessage(delivery.message, message, `${message.id} again`);
    }
  },

  "payloads of all sizes arrive whole": async (queue, subject) => {
    const random = seededRandom(1);
    const sent = payloadSizesBytes
      .map((sizeBytes) => subject.payloadSize(sizeBytes))
      .map((sizeBytes, index) => messageOf({ id: `size ${index}`, payload: random.bytes(sizeBytes) }));
    for (const message of sent) await queue.send(message);
    const arrived = await receiveAll(queue, sent.length);
    for (const message of sent)
      assertSameMessage(arrived.find((one) => one.message.id === message.id)?.message, message);
  },

  "payloads of 2 MiB, or of the largest size, arrive whole, several at a time": async (queue, subject) => {
    const random = seededRandom(2);
    const sizeBytes = subject.payloadSize(2 * mebibyte);
    const sent = [0, 1, 2, 3].map((index) => messageOf({ id: `large ${index}`, payload: random.bytes(sizeBytes) }));
    await Promise.all(sent.map((message) => queue.send(message)));
    const arrived = await receiveAll(queue, sent.length);
    for (const message of sent)
      assertSameMessage(arrived.find((one) => one.message.id === message.id)?.message, message);
  },

  "a payload of the largest size is sent, and one byte more is refused": async (queue, { payloadBytesMax }) => {
    const largest = messageOf({ id: "largest", payload: Buffer.alloc(payloadBytesMax, "p") });
    await queue.send(largest);
    const tooLarge = messageOf({ payload: Buffer.alloc(payloadBytesMax + 1) });
    const refused = await expectFailure(queue.send(tooLarge), "VALUE_TOO_LARGE");
    assertNamesField(refused, "entries[0].message.payload", "a payload over the limit");
    assertSameMessage((await queue.receiveOne()).message, largest);
    assert.deepEqual(await queue.contents(), { ready: 0, leased: 1, delayed: 0, dead: 0 });
  },

  "a message that was given no id gets one that no other has": async (queue) => {
    const outcomes = await queue.sendAll(Array.from({ length: 300 }, (_, index) => ({ message: `m${index}` })));
    const ids = outcomes.map((outcome) => {
      if (outcome instanceof GatewayError) throw outcome;
      assert.ok(
        outcome.id.length >= 1 && Buffer.byteLength(outcome.id) <= 128,
        `an id is 1 to 128 bytes: ${outcome.id}`,
      );
      return outcome.id;
    });
    assert.equal(new Set(ids).size, 300);
    const arrived = await receiveAll(queue, 300);
    assert.deepEqual(new Set(arrived.map(({ message }) => message.id)), new Set(ids));
  },

  "two messages with the same id are two messages": async (queue) => {
    for (const text of ["one", "two"]) await queue.send(messageOf({ id: "same", payload: text }));
    const arrived = await receiveAll(queue, 2);
    assert.deepEqual(arrived.map(({ text }) => text).sort(), ["one", "two"]);
    await queue.acknowledge(idsOf(arrived).slice(0, 1));
    assert.deepEqual(await queue.contents(), { ready: 0, leased: 1, delayed: 0, dead: 0 });
  },

  "1,000 messages in one request are all accepted, and all arrive": async (queue) => {
    const texts = Array.from({ length: 1_000 }, (_, index) => `message ${index}`);
    await queue.sendTexts(texts);
    const arrived = await receiveAll(queue, texts.length);
    assert.deepEqual(arrived.map(({ text }) => text).sort(), [...texts].sort());
  },

  "a message says when it was sent": async (queue) => {
    const beforeMs = Date.now() - skewMsMax;
    await queue.send("m");
    const first = await queue.receiveOne();
    assert.ok(first.sentAtMs >= beforeMs && first.sentAtMs <= Date.now() + skewMsMax, `sent at ${first.sentAtMs}`);
    await queue.reject([first.id]);
    assert.equal((await queue.receiveOne()).sentAtMs, first.sentAtMs, "a message that comes again says the same");
  },

  "more messages than fit into an answer come in several": async (queue, subject) => {
    const sizeBytes = subject.payloadSize(200_000);
    const random = seededRandom(4);
    const sent = Array.from({ length: 50 }, (_, index) =>
      messageOf({ id: `part ${index}`, payload: random.bytes(sizeBytes) }),
    );
    for (let start = 0; start < 50; start += 10) {
      await queue.sendAll(sent.slice(start, start + 10).map((message) => ({ message })));
    }
    const arrived = await receiveAll(queue, sent.length);
    for (const message of sent)
      assertSameMessage(arrived.find((one) => one.message.id === message.id)?.message, message);
    assert.equal(arrived.length, sent.length);
  },

  "messages come about in the order in which they were sent": async (queue) => {
    const texts = Array.from({ length: 200 }, (_, index) => String(index));
    for (let start = 0; start < texts.length; start += 20) await queue.sendTexts(texts.slice(start, start + 20));
    const arrived = await receiveAll(queue, texts.length, 10);
    const displaced = arrived.filter(({ text }, index) => Math.abs(Number(text) - index) > 40);
    assert.deepEqual(
      displaced.map(({ text }) => text),
      [],
      `messages far from their place in ${arrived.map(({ text }) => text).join(" ")}`,
    );
  },
});

/** Receives so many messages that must be there, and no more, under leases of a minute. */
export async function receiveAll(queue: QueueClient, count: number, max = 100): Promise<Delivery[]> {
  const arrived: Delivery[] = [];
  while (arrived.length < count) {
    const some = await queue.receive({ max, leaseMs: 60_000, waitMs: 5_000 });
    assert.notEqual(some.length, 0, `only ${arrived.length} of ${count} messages came`);
    assert.ok(some.length <= max, `${some.length} messages came where at most ${max} were asked for`);
    arrived.push(...some);
  }
  assert.deepEqual(idsOf(await queue.receive({ max: 100 })), [], `more than ${count} messages came`);
  return arrived;
}
