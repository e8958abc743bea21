import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { expectFailure } from "../expect-failure.js";
import { assertAbout } from "./leases.js";
import { receiveAll } from "./messages.js";
import { casesOf } from "./queue-case.js";
import { textsOf } from "./wire-delivery.js";

const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

const wrong: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ["options.max_deliveries", { max_deliveries: 0 }],
  ["options.max_deliveries", { max_deliveries: 1_001 }],
  ["options.max_deliveries", { max_deliveries: "5" }],
  ["options.lease", { lease: "0s" }],
  ["options.lease", { lease: "1500ms" }],
  ["options.lease", { lease: "13h" }],
  ["options.lease", { lease: 30 }],
  ["options.deduplication_window", { deduplication_window: "999ms" }],
  ["options.deduplication_window", { deduplication_window: "169h" }],
  ["options.retention_period", { retention_period: "0s" }],
  ["options.leases", { leases: "30s" }],
];

export const optionCases = casesOf("options", [], {
  "wrong options are refused by their name, and nothing is made": async (_, subject) => {
    for (const [field, options] of wrong) {
      const name = subject.freshName();
      const refused = await expectFailure(subject.bind(name, { options }), "INVALID_SETTINGS");
      assert.deepEqual(
        refused.fieldViolations.map((violation) => violation.field),
        [field],
        JSON.stringify(options),
      );
      await expectFailure(subject.clientOf(name).contents(), "NAMESPACE_NOT_FOUND");
    }
  },

  "a namespace that is bound with other options keeps its messages and goes by the new ones": async (_, subject) => {
    const name = subject.freshName();
    const queue = await subject.namespace({ name, options: { lease: "60s" } });
    await queue.sendTexts(["a", "b"]);
    assertAbout((await queue.receive())[0]?.leaseExpiresAtMs, Date.now() + 60_000);
    await subject.bind(name, { options: { lease: "120s" } });
    assertAbout((await queue.receive())[0]?.leaseExpiresAtMs, Date.now() + 120_000);
    assert.deepEqual(await queue.contents(), { ...nothing, leased: 2 });
  },

  "messages that are older than the namespace keeps them are removed, also when nobody reads": async (_, subject) => {
    const queue = await subject.namespace({ options: { retention_period: "2s" } });
    await queue.sendTexts(["a", "b"]);
    assert.deepEqual(await queue.contents(), { ...nothing, ready: 2 });
    await eventually("the messages are removed", async () => (await queue.contents()).ready === 0);
    assert.deepEqual(await queue.contents(), nothing);
    await queue.send("c");
    assert.deepEqual(textsOf(await receiveAll(queue, 1)), ["c"]);
  },

  "a message that a worker has is not removed under it": async (_, subject) => {
    const queue = await subject.namespace({ options: { retention_period: "1s" } });
    await queue.send("m");
    const { id, sentAtMs } = await queue.receiveOne({ leaseMs: 60_000 });
    const probe = await subject.namespace({ options: { retention_period: "2s" } });
    await probe.send("older when it is gone");
    await eventually("time passes", async () => (await probe.contents()).ready === 0);
    assert.ok(Date.now() - sentAtMs > 1_000);
    assert.deepEqual(await queue.acknowledge([id]), [undefined]);
  },
});

export const deadLetterOptionCases = casesOf("options", ["dead_letter"], {
  "dead letters that are older than the namespace keeps them are removed": async (_, subject) => {
    const queue = await subject.namespace({ options: { retention_period: "3s", max_deliveries: 1 } });
    await queue.send("m");
    await queue.reject([(await queue.receiveOne()).id]);
    assert.deepEqual(await queue.contents(), { ...nothing, dead: 1 });
    await eventually("the dead letter is removed", async () => (await queue.contents()).dead === 0);
    assert.deepEqual(await queue.deadLetters(), []);
  },
});
