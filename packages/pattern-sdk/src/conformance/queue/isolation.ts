import assert from "node:assert/strict";
import { expectFailure } from "../expect-failure.js";
import { assertLost } from "./leases.js";
import { casesOf } from "./queue-case.js";
import type { QueueClient } from "./queue-client.js";
import type { QueueSubject } from "./queue-subject.js";
import { idsOf, textsOf } from "./wire-delivery.js";

/** Ends of names that are easily taken for each other; the last two are composed differently and Cyrillic. */
const nameEnds = ["a", "a:b", "a%", "a_", "A", "a ", "a\0", "a/b", "a*", "a.b", "ab", "cafe\u0301", "café", "а"];

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

export const isolationCases = [
  ...casesOf("isolation", [], {
    "namespaces whose names are alike share nothing": async (_, subject) => {
      const queues = await alikeNamespaces(subject);
      await Promise.all(queues.map((queue) => queue.send(`of ${queue.namespace}`)));
      for (const queue of queues) {
        assert.deepEqual(textsOf(await queue.receive({ max: 100 })), [`of ${queue.namespace}`]);
        assert.deepEqual(await queue.contents(), { ...nothing, leased: 1 });
      }
    },

    "a delivery of one namespace is none of another's": async (queue, subject) => {
      const other = await subject.namespace();
      await queue.send("m");
      const [delivery] = await queue.receive({ leaseMs: 60_000 });
      assertLost(await other.acknowledge([delivery!.id]), [true]);
      assertLost(await other.reject([delivery!.id]), [true]);
      assertLost(await other.extend([delivery!.id], 60_000), [true]);
      assert.deepEqual(await queue.acknowledge([delivery!.id]), [undefined]);
    },

    "consumers of namespaces whose names are alike get their own messages": async (_, subject) => {
      const queues = await alikeNamespaces(subject);
      const consumers = queues.map((queue) => queue.consume());
      await Promise.all(queues.map((queue) => queue.sendTexts([`1 of ${queue.namespace}`, `2 of ${queue.namespace}`])));
      for (const [index, consumer] of consumers.entries()) {
        const { namespace } = queues[index]!;
        assert.deepEqual(textsOf(await consumer.until(2)), [`1 of ${namespace}`, `2 of ${namespace}`]);
        consumer.cancel();
      }
    },

    "deleting the data of a namespace leaves the others": async (_, subject) => {
      const queues = await alikeNamespaces(subject);
      await Promise.all(queues.map((queue) => queue.send(`of ${queue.namespace}`)));
      for (const [index, queue] of queues.entries()) {
        await subject.unbind(queue.namespace, { deleteData: true });
        for (const other of queues.slice(index + 1)) {
          assert.deepEqual(await other.contents(), { ...nothing, ready: 1 }, `${queue.namespace} was deleted`);
        }
      }
    },

    "a namespace whose data was deleted is empty when it is bound again": async (_, subject) => {
      const name = subject.freshName();
      const before = await subject.namespace({ name });
      await before.sendTexts(["a", "b", "c"]);
      const taken = await before.receive({ leaseMs: 60_000 });
      await subject.unbind(name, { deleteData: true });
      const after = await subject.namespace({ name });
      assert.deepEqual(await after.contents(), nothing);
      assertLost(await after.acknowledge(idsOf(taken)), [true]);
      await after.send("new");
      assert.deepEqual(textsOf(await after.receive({ max: 10 })), ["new"]);
    },

    "binding again keeps the messages and the leases, also after an unbind that does not delete them": async (
      _,
      subject,
    ) => {
      const name = subject.freshName();
      const queue = await subject.namespace({ name });
      await queue.sendTexts(["a", "b"]);
      const [delivery] = await queue.receive({ leaseMs: 3_600_000 });
      await subject.namespace({ name });
      assert.deepEqual(await queue.contents(), { ...nothing, ready: 1, leased: 1 });
      await subject.unbind(name);
      await expectFailure(queue.contents(), "NAMESPACE_NOT_FOUND");
      await subject.namespace({ name });
      assert.deepEqual(await queue.contents(), { ...nothing, ready: 1, leased: 1 });
      assert.deepEqual(await queue.acknowledge([delivery!.id]), [undefined]);
    },

    "a bind that is only planned binds nothing": async (_, subject) => {
      const name = subject.freshName();
      await subject.bind(name, { planOnly: true });
      await expectFailure(subject.clientOf(name).send("m"), "NAMESPACE_NOT_FOUND");
      const queue = await subject.namespace({ name });
      assert.deepEqual(await queue.contents(), nothing);
    },
  }),

  ...casesOf("isolation", ["dead_letter"], {
    "dead letters stay in their namespace": async (_, subject) => {
      const queues = await alikeNamespaces(subject, { max_deliveries: 1 });
      for (const queue of queues) {
        await queue.send(`of ${queue.namespace}`);
        await queue.reject([(await queue.receiveOne()).id]);
      }
      for (const queue of queues) {
        const letters = await queue.deadLetters();
        assert.deepEqual(
          letters.map(({ message }) => Buffer.from(message!.payload).toString()),
          [`of ${queue.namespace}`],
        );
      }
      assert.equal(await queues[0]!.redrive(), 1);
      for (const queue of queues.slice(1)) assert.deepEqual(await queue.contents(), { ...nothing, dead: 1 });
    },

    "dead letters are deleted with their namespace's data": async (_, subject) => {
      const name = subject.freshName();
      const queue = await subject.namespace({ name, options: { max_deliveries: 1 } });
      await queue.send("m");
      await queue.reject([(await queue.receiveOne()).id]);
      await subject.unbind(name, { deleteData: true });
      await subject.bind(name);
      assert.deepEqual(await queue.deadLetters(), []);
      assert.equal(await queue.redrive(), 0);
    },
  }),

  ...casesOf("isolation", ["deduplication"], {
    "deduplication ids are deleted with their namespace's data": async (_, subject) => {
      const name = subject.freshName();
      const queue = await subject.namespace({ name });
      await queue.send("m", { deduplicationId: "d" });
      await subject.unbind(name, { deleteData: true });
      await subject.bind(name);
      assert.equal((await queue.send("m", { deduplicationId: "d" })).duplicate, false);
    },
  }),
];

/** Namespaces with the names above, after a part that no other case uses. */
async function alikeNamespaces(
  subject: QueueSubject,
  options: Readonly<Record<string, unknown>> = {},
): Promise<QueueClient[]> {
  const base = subject.freshName();
  return Promise.all(nameEnds.map((end) => subject.namespace({ name: `${base}${end}`, options })));
}
