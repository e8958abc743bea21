import assert from "node:assert/strict";
import { expectFailure } from "../expect-failure.js";
import { casesOf } from "./stream-case.js";
import type { StreamClient } from "./stream-client.js";
import type { StreamSubject } from "./stream-subject.js";

/** Ends of names that are easily taken for each other: the two before the last differ only in their bytes, the last is Cyrillic. */
const nameEnds = ["a", "a:b", "a%", "a_", "A", "a ", "a\0", "a.b", "a*", "ab", "é", "e\u0301", "а"];

export const isolationCases = [
  ...casesOf("isolation", [], {
    "namespaces whose names are alike share nothing": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      await Promise.all(namespaces.map((stream) => stream.appendAll(`of ${stream.namespace}`)));
      for (const stream of namespaces) assert.deepEqual(await stream.texts(), [`of ${stream.namespace}`]);
    },

    "who follows sees its own namespace only": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      const readings = namespaces.map((stream) => stream.read({ follow: true }));
      await Promise.all(readings.map((reading) => reading.untilCaughtUp()));
      for (const stream of namespaces) await stream.appendAll(`of ${stream.namespace}`);
      for (const [index, reading] of readings.entries()) {
        await reading.untilRecords(1);
        const [record] = reading.records;
        assert.equal(Buffer.from(record!.message!.payload).toString(), `of ${namespaces[index]!.namespace}`);
        reading.cancel();
      }
    },

    "deleting the data of a namespace leaves the others": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      await Promise.all(namespaces.map((stream) => stream.appendAll(`of ${stream.namespace}`)));
      for (const [index, stream] of namespaces.entries()) {
        await subject.unbind(stream.namespace, { deleteData: true });
        for (const other of namespaces.slice(index + 1)) {
          assert.deepEqual(await other.texts(), [`of ${other.namespace}`], `${stream.namespace} was deleted`);
        }
      }
    },

    "a namespace whose data was deleted is empty when it is bound again": async (_, subject) => {
      const stream = await subject.namespace();
      await stream.appendAll("before");
      await subject.unbind(stream.namespace, { deleteData: true });
      await subject.namespace({ name: stream.namespace });
      assert.deepEqual(await stream.texts(), []);
      await stream.appendAll("after");
      assert.deepEqual(await stream.texts(), ["after"]);
    },

    "binding again keeps the records, also after an unbind that does not delete them": async (_, subject) => {
      const stream = await subject.namespace();
      const [before] = await stream.appendAll("before");
      await subject.namespace({ name: stream.namespace });
      assert.deepEqual(await stream.texts(), ["before"]);
      await subject.unbind(stream.namespace);
      await expectFailure(stream.describe(), "NAMESPACE_NOT_FOUND");
      await subject.namespace({ name: stream.namespace });
      const [after] = await stream.appendAll("after");
      assert.ok(after!.offset > before!.offset);
      assert.deepEqual(await stream.texts(), ["before", "after"]);
    },

    "a bind that is only planned binds nothing": async (_, subject) => {
      const name = subject.freshName();
      await subject.bind(name, { planOnly: true });
      await expectFailure(subject.clientOf(name).describe(), "NAMESPACE_NOT_FOUND");
    },
  }),

  ...casesOf("isolation", ["groups"], {
    "a group of one namespace is not that of another": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      await Promise.all(namespaces.map((stream) => stream.appendAll("a", "b")));
      for (const stream of namespaces) {
        const member = stream.consume("g");
        const records = await member.untilRecords(2);
        await member.commitUpTo(records[1]!);
        await member.leave();
      }
    },

    "a namespace whose data was deleted has forgotten its groups": async (_, subject) => {
      const stream = await subject.namespace();
      await stream.appendAll("a", "b", "c");
      const member = stream.consume("g");
      const records = await member.untilRecords(3);
      await member.commitUpTo(records[2]!);
      await member.leave();
      await subject.unbind(stream.namespace, { deleteData: true });
      await subject.namespace({ name: stream.namespace });
      await stream.appendAll("d");
      const again = stream.consume("g");
      await again.untilRecords(1);
      await again.leave();
    },
  }),

  ...casesOf("isolation", ["partitions"], {
    "a namespace whose data was deleted may have another number of partitions": async (_, subject) => {
      const stream = await subject.partitioned(3);
      await stream.appendAll("a");
      await subject.unbind(stream.namespace, { deleteData: true });
      await subject.namespace({ name: stream.namespace, options: { partitions: 2 } });
      const { partitions } = await stream.describe();
      assert.deepEqual(
        partitions.map(({ earliestOffset, nextOffset }) => nextOffset - earliestOffset),
        [0n, 0n],
      );
    },
  }),
];

/** Namespaces with the names above, after a part that no other case uses. */
async function alikeNamespaces(subject: StreamSubject): Promise<StreamClient[]> {
  const base = subject.freshName();
  return Promise.all(nameEnds.map((end) => subject.namespace({ name: `${base}${end}` })));
}
