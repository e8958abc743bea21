import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { eventually } from "../eventually.js";
import { messageOf } from "../messaging/messages.js";
import { seededRandom } from "../seeded-random.js";
import { casesOf } from "./stream-case.js";
import type { StreamClient } from "./stream-client.js";
import type { StreamMember } from "./stream-member.js";
import { recordText, series } from "./stream-records.js";
import type { StreamSubject } from "./stream-subject.js";

export const sharedGroupCases = casesOf("groups", ["groups", "partitions"], {
  "members share the partitions: each partition has one, and nobody has two more than another": async (_, subject) => {
    const stream = await subject.partitioned(6);
    await appendKeyed(stream, series("key", 60));
    const members = Array.from({ length: 4 }, () => stream.consume("g"));
    await untilShared(members, 6, subject);
    await eventually("every record is delivered", () => distinct(members).size === 60, subject.backgroundMs);
    await Promise.all(members.map((member) => member.leave()));
  },

  "when members leave or are killed at 50 of 100, the others get what was not committed, and nothing that was": async (
    _,
    subject,
  ) => {
    const stream = await subject.partitioned(4);
    const texts = series("record", 100);
    await appendKeyed(stream, texts);
    const members = Array.from({ length: 4 }, () => stream.consume("g"));
    await untilShared(members, 4, subject);
    await eventually("every record is delivered", () => distinct(members).size === 100, subject.backgroundMs);
    const committed = new Set<string>();
    for (const member of members) {
      for (const partition of member.partitions) {
        const records = member.records.filter((record) => record.partition === partition);
        const half = records.slice(0, Math.ceil(records.length / 2));
        if (half.length === 0) continue;
        await member.commitUpTo(half.at(-1)!);
        for (const record of half) committed.add(recordText(record));
      }
    }
    const [left, killed, ...rest] = members;
    const before = rest.map(({ records }) => records.length);
    await left!.leave();
    killed!.cancel();
    await untilShared(rest, 4, subject);
    const got = () => new Set(rest.flatMap(({ records }) => records.map(recordText)));
    await eventually(
      "the rest is delivered to those who stay",
      () => texts.every((text) => committed.has(text) || got().has(text)),
      subject.backgroundMs,
    );
    const again = rest.flatMap(({ records }, index) => records.slice(before[index]).map(recordText));
    assert.deepEqual(
      again.filter((text) => committed.has(text)),
      [],
      "what was committed is not delivered again",
    );
    await Promise.all(rest.map((member) => member.leave()));
  },

  "a commit of a partition that another member has is ignored": async (_, subject) => {
    const stream = await subject.partitioned(2);
    await appendKeyed(stream, series("key", 40));
    const first = stream.consume("g");
    await first.untilRecords(40);
    const second = stream.consume("g");
    await untilShared([first, second], 2, subject);
    const [lost] = second.partitions;
    const last = first.records.filter(({ partition }) => partition === lost).at(-1)!;
    const own = first.records.filter(({ partition }) => partition !== lost).at(-1)!;
    first.commit(last, own);
    await first.until("its own commit is durable", () => first.committed.get(own.partition) === own.offset);
    assert.equal(first.committed.get(lost!), undefined, "the other commit is not told to be durable");
    const described = (await stream.describe("g")).partitions.map(({ committedOffset }) => committedOffset);
    assert.equal(described[lost!], undefined);
    await Promise.all([first.leave(), second.leave()]);
  },

  "while members come and go at random, no record is lost, and each member has each partition in order": async (
    _,
    subject,
  ) => {
    const random = seededRandom(17);
    const stream = await subject.partitioned(3);
    const texts = series("record", 300);
    const handled = new Set<string>();
    const members: StreamMember[] = [];
    const join = () => {
      const member = stream.consume("g", { recordsMax: 20 });
      const lastOf = new Map<string, bigint>();
      member.onRecord = (record) => {
        // A partition that was away and came back begins again at its last commit.
        const tenure = `${record.partition} of assignment ${lastChange(member, record.partition)}`;
        assert.ok(record.offset > (lastOf.get(tenure) ?? -1n), `the records of partition ${tenure} are in order`);
        lastOf.set(tenure, record.offset);
        handled.add(recordText(record));
        member.commit(record);
      };
      members.push(member);
    };
    join();
    for (let step = 0; step < 30; step++) {
      await appendKeyed(stream, texts.slice(step * 10, step * 10 + 10));
      const chance = random.below(4);
      if (chance === 0 && members.length < 5) join();
      if (chance === 1 && members.length > 1) await members.splice(random.below(members.length), 1)[0]!.leave();
      if (chance === 2 && members.length > 1) members.splice(random.below(members.length), 1)[0]!.cancel();
    }
    await eventually("every record is handled", () => handled.size === texts.length, subject.backgroundMs);
    await eventually(
      "everything is committed",
      async () => (await stream.describe("g")).partitions.every(({ lag }) => lag === 0n),
      subject.backgroundMs,
    );
    await Promise.all(members.map((member) => member.leave()));
  },
});

/** Appends records, each under a key of its own; every partition gets some. */
async function appendKeyed(stream: StreamClient, texts: readonly string[]): Promise<void> {
  await stream.appendAll(...texts.map((text) => messageOf({ key: text, payload: text })));
}

/** Waits until every partition has exactly one of these members, and none of them has two more than another. */
async function untilShared(
  members: readonly StreamMember[],
  partitions: number,
  { backgroundMs }: StreamSubject,
): Promise<void> {
  const all = [...Array(partitions).keys()];
  const areShared = () => {
    const owned = members.flatMap((member) => member.partitions).sort((a, b) => a - b);
    const sizes = members.map((member) => member.partitions.length);
    return isDeepStrictEqual(owned, all) && Math.max(...sizes) - Math.min(...sizes) <= 1;
  };
  await eventually("each partition has one member, and nobody has two more than another", areShared, backgroundMs);
}

function distinct(members: readonly StreamMember[]): Set<string> {
  return new Set(members.flatMap(({ records }) => records.map(recordText)));
}

/** Which of its assignments gave the member the partition that it has. */
function lastChange({ assignments }: StreamMember, partition: number): number {
  let change = assignments.length - 1;
  while (change > 0 && assignments[change - 1]!.includes(partition)) change--;
  return change;
}
