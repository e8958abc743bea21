import assert from "node:assert/strict";
import { partitionOf } from "../../patterns/stream/partition-of.js";
import { assertNamesField, expectFailure, failureOf } from "../expect-failure.js";
import { trickyKeys } from "../key-value/tricky-keys.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";
import { areGrowing, recordText, series } from "./stream-records.js";

export const partitionCases = casesOf("partitions", ["partitions"], {
  "a log has as many as its option says, series from 0": async (_, subject) => {
    for (const partitions of [2, 5]) {
      const stream = await subject.partitioned(partitions);
      const described = (await stream.describe()).partitions.map(({ partition }) => partition);
      assert.deepEqual(described, [...Array(partitions).keys()]);
    }
  },

  "a key is always in the same one, the one that Kafka's default partitioner chooses": async (_, subject) => {
    const stream = await subject.partitioned(5);
    const keys = [...trickyKeys, ...series("key", 50)];
    for (const round of ["first", "second"]) {
      const positions = await stream.appendAll(...keys.map((key) => messageOf({ key, payload: round })));
      const wrong = keys.filter((key, index) => positions[index]!.partition !== partitionOf(key, 5));
      assert.deepEqual(wrong, []);
    }
  },

  "records of a partition stay in order, and records without a key have a partition too": async (_, subject) => {
    const stream = await subject.partitioned(3);
    const keyed = ["a", "b", "c", "d"].flatMap((key) => series(key, 20).map((payload) => messageOf({ key, payload })));
    const positions = await stream.appendAll(...keyed, ...series("no key", 20));
    const records = await stream.readAll();
    assert.equal(records.length, 100);
    for (const partition of [0, 1, 2]) {
      const offsets = records.filter((record) => record.partition === partition).map(({ offset }) => offset);
      assert.ok(areGrowing(offsets), `the records of partition ${partition} are read in order`);
    }
    for (const key of ["a", "b", "c", "d"]) {
      const texts = records.filter(({ message }) => message!.key === key).map(recordText);
      assert.deepEqual(texts, series(key, 20));
    }
    assert.ok(positions.every(({ partition }) => partition < 3));
  },

  "one can be read alone, from any of its offsets": async (_, subject) => {
    const stream = await subject.partitioned(3);
    const positions = await stream.appendAll(...series("key", 60).map((key) => messageOf({ key, payload: key })));
    for (const partition of [0, 1, 2]) {
      const own = positions.filter((position) => position.partition === partition);
      const read = await stream.readAll({ partition });
      assert.deepEqual(
        read.map(({ offset }) => offset),
        own.map(({ offset }) => offset),
      );
      const from = { offset: own[3]!.offset };
      assert.deepEqual((await stream.readAll({ partition, from })).length, own.length - 3);
    }
  },

  "a read of all that follows has what is appended to any": async (_, subject) => {
    const stream = await subject.partitioned(4);
    const reading = stream.read({ follow: true, from: "latest" });
    await reading.untilCaughtUp();
    const keys = series("key", 40);
    for (const key of keys) await stream.appendAll(messageOf({ key, payload: key }));
    await reading.untilRecords(40);
    assert.deepEqual(reading.records.map(recordText).sort(), [...keys].sort());
    reading.cancel();
  },

  "an offset without a partition says nothing, and is refused": async (_, subject) => {
    const stream = await subject.partitioned(2);
    const refused = await expectFailure(stream.readAll({ from: { offset: 0n } }), "INVALID_FIELD");
    assertNamesField(refused, "partition", "an offset without a partition");
  },

  "their number cannot be changed, and the log stays as it is": async (_, subject) => {
    const stream = await subject.partitioned(3);
    await stream.appendAll(messageOf({ key: "k", payload: "before" }));
    const again = (partitions: number, planOnly: boolean) =>
      subject.bind(stream.namespace, { options: { partitions }, planOnly });
    for (const planOnly of [true, false]) {
      for (const partitions of [2, 4]) {
        const refused = await failureOf(again(partitions, planOnly));
        assert.deepEqual(
          [refused.reason, refused.fieldViolations[0]?.field],
          ["INVALID_SETTINGS", "options.partitions"],
        );
      }
    }
    assert.deepEqual(await stream.texts(), ["before"]);
    await subject.unbind(stream.namespace);
    await expectFailure(again(2, false), "INVALID_SETTINGS");
    await again(3, false);
    assert.deepEqual(await stream.texts(), ["before"]);
  },
});
