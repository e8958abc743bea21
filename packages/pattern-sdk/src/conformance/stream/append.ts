import assert from "node:assert/strict";
import { msFromTimestamp } from "../../protocol/wire-time.js";
import { expectFailure } from "../expect-failure.js";
import { assertSameMessage, messageOf } from "../messaging/messages.js";
import { trickyMessages } from "../messaging/tricky-messages.js";
import { casesOf } from "./stream-case.js";
import { areGrowing, series } from "./stream-records.js";

/** How far the clocks of this machine and of a backend may be apart. */
const clockSkewMsMax = 60_000;

export const appendCases = [
  ...casesOf("append", [], {
    "records are read back as they were appended, byte for byte": async (stream) => {
      await stream.appendAll(...trickyMessages);
      const records = await stream.readAll();
      assert.equal(records.length, trickyMessages.length);
      for (const [index, sent] of trickyMessages.entries()) assertSameMessage(records[index]!.message!, sent);
    },

    "payloads of 2 MiB are read back whole, several at a time": async (stream, subject) => {
      const payloads = ["a", "b", "c"].map((letter) => Buffer.alloc(subject.payloadSize(2 ** 21), letter));
      await Promise.all(payloads.map((payload) => stream.appendAll(messageOf({ payload }))));
      const read = (await stream.readAll()).map(({ message }) => Buffer.from(message!.payload));
      const inOrder = read.sort(Buffer.compare);
      assert.deepEqual(
        inOrder.map((payload, index) => payload.equals(payloads[index]!)),
        [true, true, true],
      );
    },

    "each record gets a place after the one before, and is read at that place": async (stream) => {
      const first = await stream.appendAll(...series("first", 10));
      const second = await stream.appendAll(...series("second", 10));
      const positions = [...first, ...second];
      assert.ok(areGrowing(positions.map(({ offset }) => offset)), "the offsets of a partition only grow");
      const records = await stream.readAll();
      assert.deepEqual(
        records.map(({ partition, offset }) => ({ partition, offset })),
        positions.map(({ partition, offset }) => ({ partition, offset })),
      );
    },

    "a call takes 1000 records, in order": async (stream) => {
      const texts = series("record", 1_000);
      const positions = await stream.appendAll(...texts);
      assert.ok(areGrowing(positions.map(({ offset }) => offset)));
      assert.deepEqual(await stream.texts(), texts);
    },

    "a record without an id gets one that no other has": async (stream) => {
      await Promise.all(Array.from({ length: 5 }, () => stream.appendAll("a", "b")));
      const ids = (await stream.readAll()).map(({ message }) => message!.id);
      assert.equal(new Set(ids).size, 10);
      for (const id of ids) assert.ok(id.length > 0 && Buffer.byteLength(id) <= 128, `the id ${JSON.stringify(id)}`);
    },

    "two records with the same id are two records": async (stream) => {
      const twice = messageOf({ id: "twice", key: "k", payload: "v" });
      await stream.appendAll(twice);
      await stream.appendAll(twice, twice);
      assert.equal((await stream.readAll()).length, 3);
    },

    "a record says when it was accepted, and that never falls": async (stream) => {
      const beforeMs = Date.now();
      for (let round = 0; round < 5; round++) await stream.appendAll("a", "b");
      const times = (await stream.readAll()).map(({ appendTime }) => msFromTimestamp(appendTime!));
      assert.deepEqual(
        times,
        [...times].sort((a, b) => a - b),
      );
      assert.ok(times[0]! > beforeMs - clockSkewMsMax && times.at(-1)! < Date.now() + clockSkewMsMax, `${times}`);
    },

    "the records of many who append at once are each there once, those of each in order": async (stream) => {
      const writers = Array.from({ length: 8 }, (_, writer) => `writer ${writer}:`);
      const steps = 25;
      await Promise.all(
        writers.map(async (writer) => {
          for (let step = 0; step < steps; step++) await stream.appendAll(`${writer} ${step}`);
        }),
      );
      const texts = await stream.texts();
      assert.equal(texts.length, writers.length * steps);
      for (const writer of writers) {
        assert.deepEqual(
          texts.filter((text) => text.startsWith(writer)),
          series(writer, steps),
        );
      }
    },

    "an acknowledged record is there for whoever reads next": async (stream) => {
      for (let round = 0; round < 20; round++) {
        const [position] = await stream.appendAll(`round ${round}`);
        const from = { offset: position!.offset };
        assert.deepEqual(await stream.texts({ from }), [`round ${round}`]);
      }
    },
  }),

  ...casesOf("append stream", [], {
    "requests are answered in their order, and their records follow each other": async (stream) => {
      const appender = stream.appendStream();
      const requests = Array.from({ length: 50 }, (_, request) =>
        series(`request ${request}, record`, (request % 7) + 1),
      );
      const sending = (async () => {
        for (const request of requests) await appender.send(request);
        appender.end();
      })();
      const positions = [];
      for (const request of requests) {
        const outcomes = await appender.answer();
        assert.equal(outcomes?.length, request.length, "an outcome for each record of the request");
        for (const outcome of outcomes ?? []) {
          if (outcome instanceof Error) throw outcome;
          positions.push(outcome.offset);
        }
      }
      await sending;
      assert.equal(await appender.answer(), undefined, "the call ends when the app has ended its side");
      assert.deepEqual(await stream.texts(), requests.flat());
      assert.ok(areGrowing(positions));
    },

    "requests after the first may leave the namespace out, and name no other": async (stream) => {
      const appender = stream.appendStream();
      await appender.send(["named"]);
      await appender.send(["not named"], "");
      await appender.send(["elsewhere"], "elsewhere");
      for (const _ of ["named", "not named"]) assert.equal((await appender.answer())?.length, 1);
      const refused = await expectFailure(appender.answer(), "INVALID_FIELD");
      assert.deepEqual(
        refused.fieldViolations.map(({ field }) => field),
        ["namespace"],
      );
      assert.deepEqual(await stream.texts(), ["named", "not named"]);
    },

    "a request with a wrong record ends the stream and appends nothing; those before it are answered": async (
      stream,
    ) => {
      const appender = stream.appendStream();
      await appender.send(["good"]);
      await appender.send(["good too", messageOf({ key: "k".repeat(1_025) })]);
      assert.equal((await appender.answer())?.length, 1);
      const refused = await expectFailure(appender.answer(), "INVALID_FIELD");
      assert.deepEqual(
        refused.fieldViolations.map(({ field }) => field),
        ["records[1].key"],
      );
      assert.deepEqual(await stream.texts(), ["good"]);
    },

    "a stream ends when its namespace is unbound": async (_, subject) => {
      const stream = await subject.namespace();
      const appender = stream.appendStream();
      await appender.send(["before"]);
      await appender.answer();
      await subject.unbind(stream.namespace);
      await expectFailure(appender.answer(), "NAMESPACE_UNAVAILABLE");
    },
  }),
];
