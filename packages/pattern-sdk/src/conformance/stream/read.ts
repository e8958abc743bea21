import assert from "node:assert/strict";
import { assertFailure } from "../expect-failure.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";
import { recordText, series } from "./stream-records.js";

/** How much later than its deadline a read may end on a busy machine. */
const latenessMsMax = 2_000;

export const readCases = [
  ...casesOf("read", [], {
    "an empty log has nothing, and says so at once": async (stream) => {
      const reading = stream.read();
      await reading.finished();
      assert.deepEqual([reading.records, reading.caughtUpAt], [[], 0]);
    },

    "a read from the earliest record ends at the end, and says when it is there": async (stream) => {
      await stream.appendAll("a", "b", "c");
      for (const from of [undefined, "earliest"] as const) {
        const reading = stream.read({ ...(from && { from }) });
        await reading.finished();
        assert.deepEqual([reading.records.map(recordText), reading.caughtUpAt], [["a", "b", "c"], 3]);
      }
    },

    "a read from the latest record has nothing that is there already": async (stream) => {
      await stream.appendAll("a");
      const reading = stream.read({ from: "latest" });
      await reading.finished();
      assert.deepEqual([reading.records, reading.caughtUpAt], [[], 0]);
    },

    "a read from an offset has the record there and all after it": async (stream) => {
      const texts = series("record", 30);
      const positions = await stream.appendAll(...texts);
      for (const index of [0, 1, 17, 29]) {
        assert.deepEqual(await stream.texts({ from: { offset: positions[index]!.offset } }), texts.slice(index));
      }
      const { nextOffset } = await stream.describeOnly();
      assert.deepEqual(await stream.texts({ from: { offset: nextOffset } }), []);
    },

    "a limit ends a read, and caught_up is said only if the end was reached": async (stream) => {
      const texts = series("record", 10);
      await stream.appendAll(...texts);
      for (const limit of [1, 3, 9]) {
        const reading = stream.read({ limit });
        await reading.finished();
        assert.deepEqual([reading.records.map(recordText), reading.caughtUpAt], [texts.slice(0, limit), undefined]);
      }
      assert.deepEqual(await stream.texts({ limit: 11 }), texts);
    },

    "a limit ends a read that follows": async (stream) => {
      const reading = stream.read({ follow: true, limit: 3 });
      await reading.untilCaughtUp();
      await stream.appendAll("a", "b");
      await stream.appendAll("c", "d");
      await reading.finished();
      assert.deepEqual(reading.records.map(recordText), ["a", "b", "c"]);
    },

    "a read that does not follow ends, however fast others append": async (stream) => {
      await stream.appendAll("first");
      let appending = true;
      const writer = (async () => {
        for (let step = 0; appending; step++) await stream.appendAll(...series(`step ${step}`, 20));
      })();
      try {
        for (let round = 0; round < 5; round++) {
          const reading = stream.read();
          await reading.untilEnded();
          assert.equal(recordText(reading.records[0]!), "first");
          reading.cancel();
        }
      } finally {
        appending = false;
        await writer;
      }
    },

    "a read that follows has everything once and in order, before and after it caught up": async (stream) => {
      const before = series("before", 50);
      await stream.appendAll(...before);
      const reading = stream.read({ follow: true });
      await reading.untilCaughtUp();
      assert.equal(reading.caughtUpAt, 50);
      const after = series("after", 100);
      for (const text of after) await stream.appendAll(text);
      await reading.untilRecords(150);
      assert.deepEqual(reading.records.map(recordText), [...before, ...after]);
      reading.cancel();
    },

    "a read that follows from the latest record has what is appended after it caught up, and nothing before": async (
      stream,
    ) => {
      await stream.appendAll("before");
      for (let round = 0; round < 10; round++) {
        const reading = stream.read({ from: "latest", follow: true });
        await reading.untilCaughtUp();
        await stream.appendAll(`round ${round}`);
        await reading.untilRecords(1);
        assert.deepEqual(reading.records.map(recordText), [`round ${round}`]);
        reading.cancel();
      }
    },

    "everybody who reads has everything, and one who leaves does not disturb the others": async (stream) => {
      const readings = Array.from({ length: 5 }, () => stream.read({ follow: true }));
      for (const reading of readings) await reading.untilCaughtUp();
      await stream.appendAll("a");
      for (const reading of readings) await reading.untilRecords(1);
      readings[0]!.cancel();
      await stream.appendAll("b");
      for (const reading of readings.slice(1)) {
        await reading.untilRecords(2);
        assert.deepEqual(reading.records.map(recordText), ["a", "b"]);
        reading.cancel();
      }
    },

    "reads that were cancelled leave nothing behind": async (stream) => {
      for (let round = 0; round < 5; round++) {
        const readings = Array.from({ length: 30 }, () => stream.read({ follow: true }));
        await Promise.all(readings.map((reading) => reading.untilCaughtUp()));
        for (const reading of readings) reading.cancel();
      }
      await stream.appendAll("a");
      assert.deepEqual(await stream.texts(), ["a"]);
    },

    "a reader who does not read holds up nobody, and has everything when it does": async (stream, subject) => {
      const sizeBytes = subject.payloadSize(2 ** 20);
      const payloads = Array.from({ length: 24 }, (_, index) => Buffer.alloc(sizeBytes, index));
      const slow = stream.read({ follow: true });
      for (const payload of payloads) await stream.appendAll(messageOf({ payload }));
      assert.equal((await stream.texts({ limit: 1 })).length, 1);
      await slow.untilRecords(payloads.length);
      const whole = slow.records.map(({ message }, index) => payloads[index]!.equals(message!.payload));
      assert.deepEqual(
        whole,
        payloads.map(() => true),
      );
      slow.cancel();
    },

    "a read that follows ends when its deadline passes, and not before": async (stream) => {
      const timeoutMs = 1_000;
      const startedAtMs = performance.now();
      assertFailure(await stream.read({ follow: true, timeoutMs }).ended, "DEADLINE_EXCEEDED");
      const lastedMs = performance.now() - startedAtMs;
      assert.ok(lastedMs >= timeoutMs - 5 && lastedMs < timeoutMs + latenessMsMax, `it lasted ${lastedMs} ms`);
    },

    "a read that follows ends when its namespace is unbound": async (_, subject) => {
      const stream = await subject.namespace();
      const reading = stream.read({ follow: true });
      await reading.untilCaughtUp();
      await subject.unbind(stream.namespace);
      assertFailure(await reading.ended, "NAMESPACE_UNAVAILABLE");
    },
  }),

  ...casesOf("describe", [], {
    "an empty log has one partition without records": async (stream) => {
      const { partitions, ordering } = await stream.describe();
      assert.equal(partitions.length, 1);
      assert.deepEqual([partitions[0]!.partition, partitions[0]!.earliestOffset], [0, partitions[0]!.nextOffset]);
      assert.ok(ordering > 1, "records come in some order");
    },

    "what is there lies between the earliest and the next offset": async (stream) => {
      const positions = await stream.appendAll(...series("record", 5));
      const { earliestOffset, nextOffset, committedOffset, lag } = await stream.describeOnly();
      assert.equal(earliestOffset, positions[0]!.offset);
      assert.ok(nextOffset > positions[4]!.offset, `${nextOffset} is above ${positions[4]!.offset}`);
      const [next] = await stream.appendAll("next");
      assert.ok(next!.offset >= nextOffset, `${next!.offset} is not below ${nextOffset}`);
      assert.deepEqual([committedOffset, lag], [undefined, undefined], "no group was asked for");
    },
  }),
];
