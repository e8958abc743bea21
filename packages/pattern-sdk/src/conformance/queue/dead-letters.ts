import assert from "node:assert/strict";
import type * as wire from "../../protocol/gen/prism/queue/v1/queue.js";
import { msFromTimestamp } from "../../protocol/wire-time.js";
import { eventually } from "../eventually.js";
import { expectFailure } from "../expect-failure.js";
import { assertSameMessage, messageOf } from "../messaging/messages.js";
import { messageWithSameHeaders, trickyMessages } from "../messaging/tricky-messages.js";
import { receiveAll } from "./messages.js";
import { casesOf } from "./queue-case.js";
import type { QueueClient } from "./queue-client.js";
import type { QueueSubject } from "./queue-subject.js";
import { idsOf, textsOf } from "./wire-delivery.js";

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

/** A namespace whose messages are given up at once, or after so many deliveries. */
const givingUp = (subject: QueueSubject, maxDeliveries = 1) =>
  subject.namespace({ options: { max_deliveries: maxDeliveries } });

export const deadLetterCases = [
  ...casesOf("dead letters", ["dead_letter"], {
    "a message that is rejected at its last delivery becomes a dead letter, with its last cause": async (
      _,
      subject,
    ) => {
      const queue = await givingUp(subject, 3);
      await queue.send(messageWithSameHeaders);
      let sentAtMs = 0;
      for (const count of [1, 2, 3]) {
        const delivery = await queue.receiveOne();
        assert.equal(delivery.count, count);
        sentAtMs = delivery.sentAtMs;
        await queue.reject([delivery.id], { cause: `cause ${count} é😀` });
      }
      assert.deepEqual(await queue.receive({ max: 10 }), []);
      assert.deepEqual(await queue.contents(), { ...nothing, dead: 1 });
      const [letter] = await queue.deadLetters();
      assertSameMessage(letter?.message, messageWithSameHeaders);
      assert.equal(letter?.cause, "cause 3 é😀");
      assert.equal(letter.deliveryCount, 3);
      assert.equal(msFromTimestamp(letter.sendTime!), sentAtMs);
      assert.ok(msFromTimestamp(letter.deadTime!) >= sentAtMs, "it died after it was sent");
    },

    "a message whose last lease ends becomes a dead letter, and Prism says why": async (_, subject) => {
      const queue = await givingUp(subject, 2);
      await queue.send("m");
      for (const count of [1, 2]) assert.equal((await queue.receiveOne({ leaseMs: 1_000 })).count, count);
      await eventually("the message becomes a dead letter", async () => (await queue.contents()).dead === 1);
      assert.deepEqual(await queue.receive({ max: 10 }), []);
      const [letter] = await queue.deadLetters();
      assert.deepEqual([letter?.cause, letter?.deliveryCount], ["the lease ended 2 times", 2]);
    },

    "a message of many deliveries dies after five where nobody says anything": async (queue) => {
      await queue.send("m");
      for (const count of [1, 2, 3, 4, 5]) {
        const delivery = await queue.receiveOne();
        assert.equal(delivery.count, count);
        await queue.reject([delivery.id]);
      }
      assert.deepEqual(await queue.contents(), { ...nothing, dead: 1 });
      const [letter] = await queue.deadLetters();
      assert.notEqual(letter?.cause, "", "a dead letter says why");
    },

    "a message whose worker leaves at its last delivery becomes a dead letter: it goes round no more": async (
      _,
      subject,
    ) => {
      const queue = await givingUp(subject, 2);
      await queue.send("poison");
      for (const count of [1, 2]) {
        const consumer = queue.consume({ leaseMs: 3_600_000 });
        assert.equal((await consumer.until(1))[0]?.count, count);
        consumer.cancel();
        await eventually("its message is given back", async () => (await queue.contents()).leased === 0);
      }
      assert.deepEqual(await queue.contents(), { ...nothing, dead: 1 });
      assert.deepEqual(
        (await queue.deadLetters()).map(({ cause, deliveryCount }) => [cause, deliveryCount]),
        [["the lease ended 2 times", 2]],
      );
    },

    "a message that Prism takes from its worker is no dead letter, however often": async (_, subject) => {
      const name = subject.freshName();
      const options = { max_deliveries: 1 };
      const queue = await subject.namespace({ name, options });
      await queue.send("m");
      for (let round = 0; round < 3; round++) {
        const consumer = queue.consume({ leaseMs: 3_600_000 });
        assert.equal((await consumer.until(1))[0]?.count, 1);
        await subject.unbind(name);
        await consumer.ended;
        await subject.bind(name, { options });
      }
      assert.deepEqual(await queue.contents(), { ...nothing, ready: 1 });
    },

    "the last rejection with a cause counts, also when a lease ends after it": async (_, subject) => {
      const queue = await givingUp(subject, 2);
      await queue.send("m");
      await queue.reject([(await queue.receiveOne()).id], { cause: "the cause" });
      await queue.receiveOne({ leaseMs: 1_000 });
      await eventually("the message becomes a dead letter", async () => (await queue.contents()).dead === 1);
      assert.equal((await queue.deadLetters())[0]?.cause, "the cause");
    },

    "deliveries are counted for each message, and not for the queue": async (_, subject) => {
      const queue = await givingUp(subject, 3);
      await queue.sendTexts(["a", "b", "c", "d"]);
      for (const count of [1, 2]) {
        const deliveries = await receiveAll(queue, 4);
        assert.ok(deliveries.every((delivery) => delivery.count === count));
        await queue.reject(idsOf(deliveries));
      }
      const [first, ...others] = await receiveAll(queue, 4);
      await queue.reject([first!.id]);
      await queue.acknowledge(idsOf(others));
      assert.deepEqual(textsOfLetters(await queue.deadLetters()), [first!.text]);
      assert.deepEqual(await queue.contents(), { ...nothing, dead: 1 });
    },

    "a message that is acknowledged at its last delivery is no dead letter": async (_, subject) => {
      const queue = await givingUp(subject);
      await queue.send("m");
      await queue.acknowledge([(await queue.receiveOne()).id]);
      assert.deepEqual(await queue.contents(), nothing);
    },

    "dead letters are listed oldest first, page by page, and stay": async (_, subject) => {
      const queue = await givingUp(subject);
      const texts = await killed(queue, 25);
      for (const size of [undefined, 1, 7, 25, 1_000]) {
        assert.deepEqual(textsOfLetters(await queue.deadLetters(size)), texts, `pages of ${size}`);
      }
      const page = await queue.deadLetterPage({ size: 7 });
      assert.equal(page.deadLetters.length, 7);
      assert.equal((await queue.contents()).dead, 25);
      assert.deepEqual(await queue.receive({ max: 10 }), []);
    },

    "a page is bounded by 3 MiB, and has one dead letter at least": async (_, subject) => {
      const queue = await givingUp(subject);
      const sizeBytes = subject.payloadSize(900_000);
      for (let index = 0; index < 8; index++) {
        await queue.send(messageOf({ id: `large ${index}`, payload: Buffer.alloc(sizeBytes, index) }));
        await queue.reject([(await queue.receiveOne()).id]);
      }
      const page = await queue.deadLetterPage({ size: 1_000 });
      const pageBytes = page.deadLetters.reduce((sum, { message }) => sum + message!.payload.length, 0);
      assert.ok(page.deadLetters.length >= 1 && pageBytes <= 3_145_728, `${pageBytes} bytes in a page`);
      const letters = await queue.deadLetters(1_000);
      assert.deepEqual(
        letters.map(({ message }) => message?.id),
        Array.from({ length: 8 }, (_none, index) => `large ${index}`),
      );
      assert.ok(letters.every(({ message }, index) => message!.payload.every((byte) => byte === index)));
    },

    "a page token is good for its namespace only": async (_, subject) => {
      const [queue, other] = [await givingUp(subject), await givingUp(subject)];
      await killed(queue, 3);
      await killed(other, 3);
      const { nextPageToken } = await queue.deadLetterPage({ size: 1 });
      assert.notEqual(nextPageToken, "");
      await expectFailure(other.deadLetterPage({ token: nextPageToken }), "INVALID_PAGE_TOKEN");
      await expectFailure(queue.deadLetterPage({ token: `${nextPageToken}x` }), "INVALID_PAGE_TOKEN");
      await expectFailure(queue.deadLetterPage({ token: "made up" }), "INVALID_PAGE_TOKEN");
    },

    "dead letters that come and go between pages hide and repeat no other": async (_, subject) => {
      const queue = await givingUp(subject);
      const texts = await killed(queue, 9);
      const first = await queue.deadLetterPage({ size: 3 });
      await queue.redrive({ ids: [first.deadLetters[2]!.message!.id, first.deadLetters[0]!.message!.id] });
      await killed(queue, 2, "later");
      const second = await queue.deadLetterPage({ size: 100, token: first.nextPageToken });
      assert.deepEqual(textsOfLetters(second.deadLetters).slice(0, 6), texts.slice(3));
    },

    "a dead letter that is sent again is as it was sent first, and its count is back at 0": async (_, subject) => {
      const queue = await givingUp(subject, 2);
      const sent = trickyMessages;
      await queue.sendAll(sent.map((message) => ({ message })));
      for (let count = 0; count < 2; count++) await queue.reject(idsOf(await receiveAll(queue, sent.length)));
      assert.equal((await queue.contents()).dead, sent.length);
      assert.equal(await queue.redrive(), sent.length);
      assert.deepEqual(await queue.contents(), { ...nothing, ready: sent.length });
      for (const delivery of await receiveAll(queue, sent.length)) {
        const message = sent.find(({ id }) => id === delivery.message.id);
        assertSameMessage(delivery.message, message!);
        assert.equal(delivery.count, 1);
      }
    },

    "a message that was sent again can die again, of another cause": async (_, subject) => {
      const queue = await givingUp(subject, 2);
      await queue.send("m");
      for (const cause of ["first", "second"]) {
        for (const count of [1, 2]) {
          const delivery = await queue.receiveOne();
          assert.equal(delivery.count, count);
          await queue.reject([delivery.id], { cause });
        }
        assert.deepEqual(
          (await queue.deadLetters()).map((letter) => [letter.cause, letter.deliveryCount]),
          [[cause, 2]],
        );
        assert.equal(await queue.redrive(), 1);
      }
    },

    "those dead letters are sent again that are named, and an id without one does not count": async (_, subject) => {
      const queue = await givingUp(subject);
      const ids = ["a", "b", "c", "é", "*"];
      await queue.sendAll(ids.map((id) => ({ message: messageOf({ id, payload: id }) })));
      await queue.reject(idsOf(await receiveAll(queue, ids.length)));
      await queue.send(messageOf({ id: "alive" }));
      assert.equal(await queue.redrive({ ids: ["c", "none", "é", "alive", "e\u0301", "c"] }), 2);
      assert.deepEqual((await queue.deadLetters()).map(({ message }) => message?.id).sort(), ["*", "a", "b"]);
      assert.equal((await queue.contents()).ready, 3);
      assert.equal(await queue.redrive({ ids: ["c"] }), 0);
    },

    "where none is named the oldest are sent again, up to the limit": async (_, subject) => {
      const queue = await givingUp(subject);
      const texts = await killed(queue, 10);
      assert.equal(await queue.redrive({ limit: 4 }), 4);
      assert.deepEqual(textsOfLetters(await queue.deadLetters()), texts.slice(4));
      assert.deepEqual(textsOf(await receiveAll(queue, 4)).sort(), texts.slice(0, 4).sort());
      assert.equal(await queue.redrive(), 6);
      assert.equal(await queue.redrive(), 0);
    },

    "of concurrent redrives each dead letter is sent again by one": async (_, subject) => {
      const queue = await givingUp(subject);
      const texts = await killed(queue, 20);
      const redriven = await Promise.all(Array.from({ length: 5 }, () => queue.redrive({ limit: 20 })));
      assert.equal(
        redriven.reduce((sum, count) => sum + count, 0),
        20,
      );
      assert.deepEqual(textsOf(await receiveAll(queue, 20)).sort(), [...texts].sort());
    },

    "a worker that waits gets what is sent again": async (_, subject) => {
      const queue = await givingUp(subject);
      await killed(queue, 1);
      const waiting = queue.receive({ waitMs: 20_000 });
      await queue.redrive();
      assert.equal((await waiting).length, 1);
    },
  }),

  ...casesOf("dead letters", [], {
    "a message that dies nowhere is delivered until it is acknowledged": async (_, subject) => {
      const name = subject.freshName();
      const { capabilities } = await subject.bind(name, { needs: [] });
      if (!capabilities.includes("dead_letter")) await assertWithoutEnd(subject.clientOf(name));
    },
  }),
];

async function assertWithoutEnd(queue: QueueClient): Promise<void> {
  await queue.send("m");
  for (let count = 1; count <= 12; count++) {
    const delivery = await queue.receiveOne();
    assert.deepEqual([delivery.text, delivery.count], ["m", count]);
    await queue.reject([delivery.id]);
  }
  assert.deepEqual(await queue.contents(), { ...nothing, ready: 1 });
}

/** Makes so many dead letters, one after the other; returns their texts. */
async function killed(queue: QueueClient, count: number, name = "letter"): Promise<string[]> {
  const texts = Array.from({ length: count }, (_, index) => `${name} ${index}`);
  for (const text of texts) {
    await queue.send(text);
    const delivery = await queue.receiveOne();
    await queue.reject([delivery.id]);
  }
  return texts;
}

function textsOfLetters(letters: readonly wire.DeadLetter[]): string[] {
  return letters.map(({ message }) => Buffer.from(message?.payload ?? []).toString());
}
