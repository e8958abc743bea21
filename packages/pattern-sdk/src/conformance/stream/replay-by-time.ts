import assert from "node:assert/strict";
import type * as wire from "../../protocol/gen/prism/stream/v1/stream.js";
import { msFromTimestamp } from "../../protocol/wire-time.js";
import { eventually } from "../eventually.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";
import type { StreamClient } from "./stream-client.js";
import { recordText, series } from "./stream-records.js";

const dayMs = 86_400_000;

export const replayCases = [
  ...casesOf("replay by time", ["replay_by_time"], {
    "a read begins with the first record that was appended at the time or later": async (stream) => {
      const times = await appendApart(stream, series("record", 6));
      for (const [index, timeMs] of times.entries()) {
        const expected = series("record", 6).slice(index);
        assert.deepEqual(await stream.texts({ from: { timeMs } }), expected, "from the time of a record");
        const betweenMs = timeMs - 0.5;
        assert.deepEqual(await stream.texts({ from: { timeMs: betweenMs } }), expected, "from a time between two");
      }
    },

    "a time before all records is the earliest, one after all is the end": async (stream) => {
      await stream.appendAll("a", "b");
      assert.deepEqual(await stream.texts({ from: { timeMs: 0 } }), ["a", "b"]);
      assert.deepEqual(await stream.texts({ from: { timeMs: Date.now() + dayMs } }), []);
    },

    "a read from a time follows": async (stream) => {
      const [, second] = await appendApart(stream, ["a", "b"]);
      const reading = stream.read({ from: { timeMs: second! }, follow: true });
      await reading.untilCaughtUp();
      await stream.appendAll("c");
      await reading.untilRecords(2);
      assert.deepEqual(reading.records.map(recordText), ["b", "c"]);
      reading.cancel();
    },
  }),

  ...casesOf("replay by time", ["replay_by_time", "partitions"], {
    "every partition begins at the time": async (_, subject) => {
      const stream = await subject.partitioned(3);
      const keys = series("key", 30);
      const append = (payload: string) => stream.appendAll(...keys.map((key) => messageOf({ key, payload })));
      await append("old");
      const oldMs = Math.max(...timesOf(await stream.readAll()));
      await untilClockMoved();
      await append("new");
      const texts = await stream.texts({ from: { timeMs: oldMs + 0.001 } });
      assert.equal(texts.filter((text) => text === "old").length, 0);
      assert.equal(texts.filter((text) => text === "new").length, 30);
    },
  }),
];

/** Appends records at different times, and returns these. */
async function appendApart(stream: StreamClient, texts: readonly string[]): Promise<number[]> {
  for (const text of texts) {
    await stream.appendAll(text);
    await untilClockMoved();
  }
  const times = timesOf(await stream.readAll());
  assert.equal(new Set(times).size, times.length, `records that were appended apart have times of their own: ${times}`);
  return times;
}

/** Waits until any clock that tells milliseconds tells another one. */
async function untilClockMoved(): Promise<void> {
  const fromMs = performance.now();
  await eventually("the clock moves on", () => performance.now() > fromMs + 10);
}

function timesOf(records: readonly wire.Record[]): number[] {
  return records.map(({ appendTime }) => msFromTimestamp(appendTime!));
}
