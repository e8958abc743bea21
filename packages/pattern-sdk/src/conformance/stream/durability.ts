import assert from "node:assert/strict";
import { failureOf } from "../expect-failure.js";
import { assertSameMessage } from "../messaging/messages.js";
import { trickyMessages } from "../messaging/tricky-messages.js";
import { casesOf } from "./stream-case.js";
import { areGrowing, recordText, series } from "./stream-records.js";

/** For plugins that say that an acknowledged write survives their process; each restart is a SIGKILL. */
export const durabilityCases = [
  ...casesOf("durability", [], {
    "what was acknowledged is there after a kill, in its place": async (stream, subject) => {
      const positions = await stream.appendAll(...trickyMessages);
      await subject.restart();
      const records = await stream.readAll();
      assert.deepEqual(
        records.map(({ offset }) => offset),
        positions.map(({ offset }) => offset),
      );
      for (const [index, sent] of trickyMessages.entries()) assertSameMessage(records[index]!.message!, sent);
    },

    "of the appends in flight when it was killed, every acknowledged record is there once and in order": async (
      stream,
      subject,
    ) => {
      const acknowledged: string[] = [];
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let step = 0; step < 1_000; step++) {
          await stream.appendAll(`writer ${writer}: ${step}`);
          acknowledged.push(`writer ${writer}: ${step}`);
        }
      });
      const first = await Promise.race([stream.appendAll("first"), ...writers]);
      assert.notEqual(first, undefined);
      await subject.restart();
      await Promise.allSettled(writers);
      const texts = await stream.texts();
      assert.equal(new Set(texts).size, texts.length, "a record is there twice");
      const missing = acknowledged.filter((text) => !texts.includes(text));
      assert.deepEqual(missing, []);
      for (let writer = 0; writer < 4; writer++) {
        const own = texts.filter((text) => text.startsWith(`writer ${writer}:`));
        assert.deepEqual(own, series(`writer ${writer}:`, own.length));
      }
    },

    "no offset of before comes again": async (stream, subject) => {
      const before = await stream.appendAll(...series("before", 10));
      await subject.restart();
      const after = await stream.appendAll(...series("after", 10));
      assert.ok(areGrowing([...before, ...after].map(({ offset }) => offset)));
    },
  }),

  ...casesOf("durability", ["groups"], {
    "commits survive, and what was not committed is delivered again": async (stream, subject) => {
      const texts = series("record", 100);
      await stream.appendAll(...texts);
      const first = stream.consume("g");
      await first.untilRecords(100);
      await first.commitUpTo(first.records[49]!);
      await subject.restart();
      await first.ended;
      const second = stream.consume("g", { from: "latest" });
      await second.untilRecords(50);
      assert.deepEqual(second.records.map(recordText), texts.slice(50));
      await second.leave();
    },

    "a group that began at the latest record and committed nothing loses nothing": async (stream, subject) => {
      await stream.appendAll("before");
      const first = stream.consume("g", { from: "latest" });
      await first.untilAssigned();
      await stream.appendAll("a", "b");
      await first.untilRecords(2);
      await subject.restart();
      await first.ended;
      const second = stream.consume("g", { from: "latest" });
      await second.untilRecords(2);
      assert.deepEqual(second.records.map(recordText), ["a", "b"]);
      await second.leave();
    },
  }),

  ...casesOf("durability", ["partitions"], {
    "the number of partitions is still what it was": async (_, subject) => {
      const stream = await subject.partitioned(3);
      await stream.appendAll(...series("record", 10));
      await subject.restart();
      assert.equal((await stream.readAll()).length, 10);
      const refused = await failureOf(subject.bind(stream.namespace, { options: { partitions: 4 } }));
      assert.equal(refused.reason, "INVALID_SETTINGS");
    },
  }),
];
