import assert from "node:assert/strict";
import { partitionOf } from "../../patterns/stream/partition-of.js";
import type { Position } from "../../protocol/gen/prism/stream/v1/stream.js";
import { assertFailure, expectFailure, failureOf } from "../expect-failure.js";
import { messageOf } from "../messaging/messages.js";
import { casesOf } from "./stream-case.js";
import type { StreamClient } from "./stream-client.js";
import { recordText, series } from "./stream-records.js";
import type { StreamSubject } from "./stream-subject.js";

/** A log that may grow, with something in each partition. */
async function growing(subject: StreamSubject, partitions: number): Promise<StreamClient> {
  const stream = await subject.namespace({ options: { partitions, growable: true } });
  await stream.appendAll(...keyed("before"));
  return stream;
}

const keyed = (payload: string) => series("key", 40).map((key) => messageOf({ key, payload: `${payload} ${key}` }));

const logCases = casesOf("growth", ["partitions", "growth"], {
  "a log gets the partitions that it is bound with; what it held stays, and keys go where the new number says": async (
    _,
    subject,
  ) => {
    const stream = await growing(subject, 2);
    const before = await stream.readAll();
    const more = { options: { partitions: 5, growable: true } };
    const planned = await subject.bind(stream.namespace, { ...more, planOnly: true });
    assert.ok(planned.changes.length > 0, "a plan says that partitions would be added");
    assert.equal((await stream.describe()).partitions.length, 2, "a plan adds none");

    await subject.bind(stream.namespace, more);
    const described = (await stream.describe()).partitions.map(({ partition }) => partition);
    assert.deepEqual(described, [0, 1, 2, 3, 4]);
    const positions = await stream.appendAll(...keyed("after"));
    const wrong = series("key", 40).filter((key, index) => positions[index]!.partition !== partitionOf(key, 5));
    assert.deepEqual(wrong, []);
    const after = await stream.readAll();
    assert.equal(after.length, 80);
    for (const { partition, offset, message } of before) {
      const same = after.find((record) => record.partition === partition && record.offset === offset);
      assert.deepEqual(same?.message?.payload, message!.payload, "what it held stays where it was");
    }
    const again = await subject.bind(stream.namespace, { ...more, planOnly: true });
    assert.deepEqual(again.changes, []);
  },

  "what may not grow does not, what may does not shrink, and both are told so by a plan too": async (_, subject) => {
    const stream = await subject.partitioned(3);
    await stream.appendAll(messageOf({ key: "k", payload: "before" }));
    const ask = (options: object, planOnly = false) =>
      subject.bind(stream.namespace, { options: { ...options }, planOnly });
    for (const planOnly of [true, false]) {
      for (const options of [
        { partitions: 4 },
        { partitions: 4, growable: false },
        { partitions: 2, growable: true },
      ]) {
        const refused = await failureOf(ask(options, planOnly));
        assert.equal(refused.reason, "INVALID_SETTINGS", JSON.stringify(options));
        assert.deepEqual(
          refused.fieldViolations.map(({ field }) => field),
          ["options.partitions"],
        );
      }
    }
    assert.equal((await stream.describe()).partitions.length, 3);
    await ask({ partitions: 4, growable: true });
    assert.equal((await stream.describe()).partitions.length, 4);
    assert.deepEqual(await stream.texts(), ["before"]);
    await expectFailure(ask({ partitions: 3, growable: true }), "INVALID_SETTINGS");
  },
});

const groupCases = casesOf("growth", ["partitions", "growth", "groups"], {
  "a member that joins again has what was not committed, and every record of the new partitions": async (
    _,
    subject,
  ) => {
    const stream = await growing(subject, 2);
    const first = stream.consume("g", { from: "latest" });
    await first.until("it has its partitions", () => first.partitions.length === 2);
    const positions = await stream.appendAll(...keyed("meanwhile"));
    await first.untilRecords(40);
    const committed = positions[0]!;
    await first.commitUpTo(committed);
    await subject.bind(stream.namespace, { options: { partitions: 5, growable: true } });
    await stream.appendAll(...keyed("after"));
    assertFailure(await first.ended, "NAMESPACE_UNAVAILABLE");
    const second = stream.consume("g", { from: "latest" });
    const isLeft = ({ partition, offset }: Position) => partition !== committed.partition || offset > committed.offset;
    const left = positions.filter(isLeft);
    const isAll = () => second.records.length >= left.length + 40;
    await second.until("all that is left and new arrives", isAll, subject.backgroundMs);
    const isGot = ({ partition, offset }: Position) =>
      second.records.some((record) => record.partition === partition && record.offset === offset);
    assert.deepEqual(
      left.filter((position) => !isGot(position)),
      [],
    );
    const after = second.records.map(recordText).filter((text) => text.startsWith("after"));
    assert.equal(new Set(after).size, 40);
    await second.leave();
  },
});

export const growthCases = [...logCases, ...groupCases];
