import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { heldBytes, untilHeld } from "../every-pattern/storage.js";
import { expectFailure } from "../expect-failure.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";
import type { StreamClient } from "./stream-client.js";
import { recordText, series } from "./stream-records.js";
import type { StreamSubject } from "./stream-subject.js";

/** The shortest period there is, which a case can wait for. */
const shortPeriod = "1s";

export const retentionCases = [
  ...casesOf("retention", ["retention"], {
    "records that are older than the period are really deleted, and no others": async (_, subject) => {
      const stream = await subject.namespace({ options: { retention_period: shortPeriod } });
      const kept = await subject.namespace({ options: { retention_period: "1h" } });
      await kept.appendAll("a", "b");
      const positions = await stream.appendAll("a", "b", "c");
      await untilEmpty(stream, subject);
      assert.deepEqual(await stream.texts(), []);
      const { earliestOffset, nextOffset } = await stream.describeOnly();
      assert.deepEqual([earliestOffset, nextOffset > positions[2]!.offset], [nextOffset, true]);
      await stream.appendAll("new");
      assert.deepEqual(await kept.texts(), ["a", "b"]);
    },

    "records that were deleted are not counted any more, if the plugin says that it counts": async (_, subject) => {
      if (!subject.countsStorage) return;
      const stream = await subject.namespace({ options: { retention_period: shortPeriod } });
      const beforeBytes = await heldBytes(subject, stream.namespace);
      await stream.appendAll("p".repeat(64 * 1_024));
      await untilEmpty(stream, subject);
      await untilHeld(subject, stream.namespace, beforeBytes);
    },

    "a read from an offset that was removed is refused, and says where the log begins": async (_, subject) => {
      const stream = await subject.namespace({ options: { retention_period: shortPeriod } });
      const [first] = await stream.appendAll("a", "b");
      await untilEmpty(stream, subject);
      const refused = await expectFailure(stream.readAll({ from: { offset: first!.offset } }), "OFFSET_OUT_OF_RANGE");
      const earliest = refused.metadata.earliest_offset;
      assert.ok(BigInt(earliest ?? -1) > first!.offset, `the log begins at ${earliest}`);
      assert.deepEqual(await stream.texts({ from: { offset: BigInt(earliest!) } }), []);
    },

    "above the size the oldest records are really deleted, and the newest stays": async (_, subject) => {
      const sizeBytes = subject.payloadSize(256 * 1_024);
      const stream = await subject.namespace({ options: { retention_bytes: "1MiB" } });
      const [first] = await stream.appendAll(messageOf({ payload: Buffer.alloc(sizeBytes) }));
      const rounds = Math.ceil((32 * 2 ** 20) / sizeBytes);
      for (let round = 1; round <= rounds; round++) {
        await stream.appendAll(messageOf({ id: `${round}`, payload: Buffer.alloc(sizeBytes) }));
      }
      await eventually(
        "the oldest are deleted",
        async () => (await stream.describeOnly()).earliestOffset > first!.offset,
        subject.backgroundMs,
      );
      const ids = await idsAtRest(stream, subject);
      assert.equal(ids.at(-1), `${rounds}`);
      assert.ok(ids.length < rounds, `${ids.length} of ${rounds + 1} records are left`);
      assert.deepEqual(
        ids,
        series("", rounds + 1)
          .slice(-ids.length)
          .map((text) => text.trim()),
      );
    },

    "a period that is given later counts for what is there": async (_, subject) => {
      const stream = await subject.namespace();
      await stream.appendAll("a", "b");
      await subject.bind(stream.namespace, { options: { retention_period: shortPeriod } });
      await untilEmpty(stream, subject);
      await subject.bind(stream.namespace, { options: {} });
      await stream.appendAll("c");
      assert.deepEqual(await stream.texts(), ["c"]);
    },

    "who follows goes on after records were deleted": async (_, subject) => {
      const stream = await subject.namespace({ options: { retention_period: shortPeriod } });
      const reading = stream.read({ follow: true });
      await reading.untilCaughtUp();
      await stream.appendAll("a");
      await untilEmpty(stream, subject);
      await stream.appendAll("b");
      await reading.untilRecords(2);
      assert.deepEqual(reading.records.map(recordText), ["a", "b"]);
      reading.cancel();
    },
  }),

  ...casesOf("retention", ["retention", "groups"], {
    "a group goes on after what it had not read was deleted": async (_, subject) => {
      const stream = await subject.namespace({ options: { retention_period: shortPeriod } });
      await stream.appendAll("a", "b");
      const first = stream.consume("g", { recordsMax: 1 });
      const [record] = await first.untilRecords(1);
      await first.commitUpTo(record!);
      first.cancel();
      await untilEmpty(stream, subject);
      assert.equal((await stream.describeOnly("g")).lag, 0n, "what is not there does not lag");
      await subject.bind(stream.namespace, { options: { retention_period: "1h" } });
      await stream.appendAll("c");
      const second = stream.consume("g");
      await second.untilRecords(1);
      assert.deepEqual(second.records.map(recordText), ["c"]);
      await second.leave();
    },
  }),
];

/** A read that meets the deletion of what it would read next goes on behind it; so until two reads find the same. */
async function idsAtRest(stream: StreamClient, { backgroundMs }: StreamSubject): Promise<readonly string[]> {
  let ids: readonly string[] = [];
  const isAtRest = async () => {
    const before = ids.length;
    ids = (await stream.readAll()).map(({ message }) => message!.id);
    return ids.length === before;
  };
  await eventually("no more are deleted", isAtRest, backgroundMs);
  return ids;
}

async function untilEmpty(stream: StreamClient, { backgroundMs }: StreamSubject): Promise<void> {
  const isEmpty = async () => {
    const { earliestOffset, nextOffset } = await stream.describeOnly();
    return earliestOffset === nextOffset;
  };
  await eventually("everything is deleted", isEmpty, backgroundMs);
}
