import assert from "node:assert/strict";
import type * as wire from "../../protocol/gen/prism/stream/v1/stream.js";
import { eventually } from "../eventually.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";
import type { StreamClient } from "./stream-client.js";
import { areGrowing, recordText, series } from "./stream-records.js";
import type { StreamSubject } from "./stream-subject.js";

const compacted = { options: { compaction: true } };

export const compactionCases = casesOf("compaction", ["compaction"], {
  "older records of a key are really deleted, the last one stays where it was": async (_, subject) => {
    const stream = await subject.namespace(compacted);
    const lastOf = new Map<string, bigint>();
    for (let round = 0; round < 10; round++) {
      for (const key of ["a", "b", "c", "A", "a\0"]) {
        const [position] = await stream.appendAll(messageOf({ key, payload: `${key} ${round}` }));
        lastOf.set(key, position!.offset);
      }
    }
    const records = await untilCompacted(stream, subject);
    const found = new Map(records.map(({ message, offset }) => [message!.key, offset]));
    assert.deepEqual([...found].sort(), [...lastOf].sort());
    assert.deepEqual(records.map(recordText).sort(), [...lastOf.keys()].map((key) => `${key} 9`).sort());
    assert.ok(areGrowing(records.map(({ offset }) => offset)));
  },

  "an empty payload deletes the key": async (_, subject) => {
    const stream = await subject.namespace(compacted);
    await stream.appendAll(messageOf({ key: "gone", payload: "v" }), messageOf({ key: "stays", payload: "v" }));
    await stream.appendAll(messageOf({ key: "gone", payload: "" }));
    const records = await untilCompacted(stream, subject);
    const left = records.filter(({ message }) => message!.payload.length > 0).map(({ message }) => message!.key);
    assert.deepEqual(left, ["stays"]);
    await stream.appendAll(messageOf({ key: "gone", payload: "back" }));
    assert.equal((await stream.texts()).at(-1), "back");
  },

  "who reads along has the last record of every key, and a deletion": async (_, subject) => {
    const stream = await subject.namespace(compacted);
    const reading = stream.read({ follow: true });
    await reading.untilCaughtUp();
    for (let round = 0; round < 5; round++) {
      await stream.appendAll(...["a", "b"].map((key) => messageOf({ key, payload: `${round}` })));
    }
    const [deleted] = await stream.appendAll(messageOf({ key: "a", payload: "" }));
    const state = () => new Map(reading.records.map((record) => [record.message!.key, recordText(record)]));
    await reading.until("the deletion arrives", () => reading.records.at(-1)?.offset === deleted!.offset);
    assert.deepEqual([...state()].sort(), [
      ["a", ""],
      ["b", "4"],
    ]);
    reading.cancel();
  },

  "a log is compacted from when its option says so, what is there included": async (_, subject) => {
    const stream = await subject.namespace();
    const keyed = series("v", 5).map((payload) => messageOf({ key: "k", payload }));
    await stream.appendAll(...keyed);
    assert.equal((await stream.readAll()).length, 5, "without the option everything stays");
    await subject.bind(stream.namespace, compacted);
    await stream.appendAll(messageOf({ key: "k", payload: "last" }));
    assert.deepEqual((await untilCompacted(stream, subject)).map(recordText), ["last"]);
  },
});

/** Waits until no key has two records, and returns what there is. */
async function untilCompacted(stream: StreamClient, { backgroundMs }: StreamSubject): Promise<readonly wire.Record[]> {
  return eventually(
    "no key has two records",
    async () => {
      const records = await stream.readAll();
      const keys = records.map(({ message }) => message!.key);
      return new Set(keys).size === keys.length && records;
    },
    backgroundMs,
  );
}
