import assert from "node:assert/strict";
import { assertFailure } from "../expect-failure.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";
import type { StreamClient } from "./stream-client.js";
import { recordText, series } from "./stream-records.js";

/** Group names that are easily taken for each other. */
const alike = ["g", "G", "g:", "g ", "g%", "g*", "g.", "g\0", "é", "e\u0301", "g".repeat(128)];

export const groupCases = casesOf("groups", ["groups"], {
  "a member is told its partitions, and gets every record in order, also those that come later": async (stream) => {
    const before = series("before", 50);
    await stream.appendAll(...before);
    const member = stream.consume("g");
    await member.untilRecords(50);
    const after = series("after", 50);
    for (const text of after) await stream.appendAll(text);
    await member.untilRecords(100);
    assert.deepEqual(member.records.map(recordText), [...before, ...after]);
    assert.deepEqual(member.assignments, [[0]]);
    await member.leave();
  },

  "a group begins at the latest record if its first member says so": async (stream) => {
    await stream.appendAll("before");
    const member = stream.consume("g", { from: "latest" });
    await member.untilAssigned();
    await stream.appendAll("after");
    await member.untilRecords(1);
    assert.deepEqual(member.records.map(recordText), ["after"]);
    await member.leave();
  },

  "what is committed is not delivered again, and everything after it is": async (stream) => {
    const texts = series("record", 100);
    await stream.appendAll(...texts);
    const first = stream.consume("g");
    await first.untilRecords(100);
    await first.commitUpTo(first.records[49]!);
    await first.leave();
    const second = stream.consume("g", { from: "latest" });
    await second.untilRecords(50);
    assert.deepEqual(second.records.map(recordText), texts.slice(50));
    await second.leave();
  },

  "a member that is killed at 50 of 100 loses nothing": async (stream) => {
    const texts = series("record", 100);
    await stream.appendAll(...texts);
    const first = stream.consume("g", { recordsMax: 60 });
    await first.untilRecords(60);
    await first.commitUpTo(first.records[49]!);
    first.cancel();
    const second = stream.consume("g");
    await second.untilRecords(50);
    assert.deepEqual(second.records.map(recordText), texts.slice(50));
    await second.leave();
  },

  "a group that began at the latest record gets again what it has not committed, whoever takes over": async (
    stream,
  ) => {
    const first = stream.consume("g", { from: "latest" });
    await first.untilAssigned();
    await stream.appendAll("a", "b");
    await first.untilRecords(2);
    first.cancel();
    const second = stream.consume("g", { from: "latest" });
    await second.untilRecords(2);
    assert.deepEqual(second.records.map(recordText), ["a", "b"]);
    await second.leave();
  },

  "commits that were sent before the app ended its side count": async (stream) => {
    await stream.appendAll("a", "b", "c");
    const first = stream.consume("g");
    await first.untilRecords(3);
    for (const record of first.records.slice(0, 2)) first.commit(record);
    await first.leave();
    assert.equal(first.committed.get(0), first.records[1]!.offset);
    const second = stream.consume("g");
    await second.untilRecords(1);
    assert.deepEqual(second.records.map(recordText), ["c"]);
    await second.leave();
  },

  "a commit below what is committed changes nothing": async (stream) => {
    await stream.appendAll(...series("record", 10));
    const member = stream.consume("g");
    const records = await member.untilRecords(10);
    await member.commitUpTo(records[7]!);
    member.commit(records[2]!);
    await member.leave();
    const { committedOffset, lag } = await stream.describeOnly("g");
    assert.deepEqual([committedOffset, lag], [records[7]!.offset, 2n]);
  },

  "how far a group has come is said, members or not": async (stream) => {
    await stream.appendAll(...series("record", 10));
    const unknown = await stream.describeOnly("nobody's");
    assert.deepEqual([unknown.committedOffset, unknown.lag], [undefined, 10n]);
    const member = stream.consume("g");
    const records = await member.untilRecords(10);
    assert.equal((await stream.describeOnly("g")).lag, 10n, "delivered is not committed");
    for (const [index, lag] of [
      [0, 9n],
      [4, 5n],
      [9, 0n],
    ] as const) {
      await member.commitUpTo(records[index]!);
      const described = await stream.describeOnly("g");
      assert.deepEqual([described.committedOffset, described.lag], [records[index]!.offset, lag]);
    }
    await member.leave();
    await stream.appendAll("another");
    assert.equal((await stream.describeOnly("g")).lag, 1n);
  },

  "each group has everything, and its own commits": async (stream) => {
    await stream.appendAll("a", "b");
    const members = alike.map((group) => stream.consume(group));
    for (const [index, member] of members.entries()) {
      const records = await member.untilRecords(2);
      if (index % 2 === 0) await member.commitUpTo(records[index % 4 === 0 ? 0 : 1]!);
    }
    for (const [index, group] of alike.entries()) {
      const lag = [1n, 2n, 0n, 2n][index % 4];
      assert.equal((await stream.describeOnly(group)).lag, lag, `the lag of the group ${JSON.stringify(group)}`);
    }
    await Promise.all(members.map((member) => member.leave()));
  },

  "a second member of a log with one partition waits, and takes over when the first leaves": async (stream) => {
    await stream.appendAll("a", "b", "c");
    const first = stream.consume("g", { recordsMax: 2 });
    const records = await first.untilRecords(2);
    const second = stream.consume("g");
    await second.untilAssigned();
    await second.until("one has the partition", () => first.partitions.length + second.partitions.length === 1);
    const [owner, other] = first.partitions.length === 1 ? [first, second] : [second, first];
    if (owner === first) await first.commitUpTo(records[0]!);
    owner.cancel();
    const expected = owner === first ? ["b", "c"] : ["a", "b", "c"];
    const from = other.records.length;
    await other.until("the other takes over", () => other.records.length >= from + expected.length);
    assert.deepEqual(other.records.slice(from).map(recordText), expected);
    assert.deepEqual(other.partitions, [0]);
    await other.leave();
  },

  "a member that does not commit holds up nobody but its group": async (stream) => {
    const idle = stream.consume("idle", { recordsMax: 1 });
    await idle.untilAssigned();
    const texts = series("record", 200);
    await stream.appendAll(...texts);
    await idle.untilRecords(1);
    const busy = stream.consume("busy");
    await busy.untilRecords(200);
    assert.deepEqual(await stream.texts(), texts);
    assert.equal(idle.records.length, 1);
    idle.cancel();
    await busy.leave();
  },

  "members that come and go leave nothing behind": async (stream) => {
    await stream.appendAll("a");
    for (let round = 0; round < 10; round++) {
      const member = stream.consume("g");
      await member.untilRecords(1);
      if (round % 2 === 0) member.cancel();
      else await member.leave();
    }
    const last = stream.consume("g");
    await last.untilRecords(1);
    assert.deepEqual(last.partitions, [0]);
    await last.leave();
  },

  "a member ends when its namespace is unbound, and its commits are kept": async (_, subject) => {
    const stream = await subject.namespace();
    await stream.appendAll("a", "b");
    const member = stream.consume("g");
    const records = await member.untilRecords(2);
    await member.commitUpTo(records[0]!);
    await subject.unbind(stream.namespace);
    assertFailure(await member.ended, "NAMESPACE_UNAVAILABLE");
    const again = await subject.namespace({ name: stream.namespace });
    const next = again.consume("g");
    await next.untilRecords(1);
    assert.deepEqual(next.records.map(recordText), ["b"]);
    await next.leave();
  },
});

export const flowControlCases = casesOf("flow control", ["groups"], {
  "no more records are outstanding than the member allows": async (stream) => {
    await stream.appendAll(...series("record", 100));
    const member = stream.consume("g", { recordsMax: 7 });
    let committed = 0;
    while (committed < 100) {
      const outstanding = Math.min(7, 100 - committed);
      await member.untilRecords(committed + outstanding);
      await stream.describe("g");
      assert.equal(member.records.length, committed + outstanding);
      committed += Math.min(3, outstanding);
      await member.commitUpTo(member.records[committed - 1]!);
    }
    assert.deepEqual(member.records.map(recordText), series("record", 100));
    await member.leave();
  },

  "no more bytes are outstanding than the member allows": async (stream) => {
    await appendSized(stream, Array(10).fill(400));
    const member = stream.consume("g", { bytesMax: 1_024 });
    await member.untilRecords(2);
    await stream.describe("g");
    assert.equal(member.records.length, 2, "two records of 400 bytes fit into 1024, and three do not");
    await member.commitUpTo(member.records[0]!);
    await member.untilRecords(3);
    await member.commitUpTo(member.records[2]!);
    await member.untilRecords(5);
    await member.leave();
  },

  "a record that is larger than the member allows is delivered alone": async (stream) => {
    await appendSized(stream, [100, 5_000, 100, 100]);
    const member = stream.consume("g", { bytesMax: 1_024 });
    await member.untilRecords(1);
    await stream.describe("g");
    assert.deepEqual(sizesOf(member.records), [100], "the large one waits until nothing else is outstanding");
    await member.commitUpTo(member.records[0]!);
    await member.untilRecords(2);
    await stream.describe("g");
    assert.deepEqual(sizesOf(member.records), [100, 5_000], "and nothing else comes while it is");
    await member.commitUpTo(member.records[1]!);
    await member.untilRecords(4);
    await member.leave();
  },

  "a commit of a record that was not delivered is refused, and commits nothing": async (stream) => {
    await stream.appendAll("a", "b");
    const member = stream.consume("g");
    const records = await member.untilRecords(2);
    await member.commitUpTo(records[0]!);
    member.commit({ partition: 0, offset: records[1]!.offset + 1n });
    assertFailure(await member.ended, "INVALID_FIELD");
    assert.equal((await stream.describeOnly("g")).committedOffset, records[0]!.offset);
  },
});

/** Appends records whose payloads have these sizes; the rest of each is the same few bytes. */
async function appendSized(stream: StreamClient, sizesBytes: readonly number[]): Promise<void> {
  const records = sizesBytes.map((sizeBytes, index) =>
    messageOf({ id: `${index}`, payload: Buffer.alloc(sizeBytes, "v") }),
  );
  await stream.appendAll(...records);
}

function sizesOf(records: readonly { readonly message?: { readonly payload: Uint8Array } | undefined }[]): number[] {
  return records.map(({ message }) => message!.payload.length);
}
