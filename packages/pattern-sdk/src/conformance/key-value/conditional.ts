import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { assertFailure, expectFailure, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient } from "./key-value-client.js";
import { untilExpired } from "./until-expired.js";

const racers = Array.from({ length: 50 }, (_, racer) => racer);

/** A racer that has lost this often against 49 others does not compete with a store that keeps its word. */
const attemptsMax = 200;

export const conditionalCases = [
  ...casesOf("conditional", ["conditional"], {
    "if_absent writes a missing key, and refuses one that is there, unchanged": async (kv) => {
      const etag = await kv.set("k", "first", { ifAbsent: true });
      const refused = await expectFailure(kv.set("k", "second", { ifAbsent: true }), "KEY_EXISTS");
      assert.deepEqual(refused.metadata, { key: "k", current_etag: etag });
      await assertUnchanged(kv, "k", "first", etag);
    },

    "if_etag writes a key that has the etag, and gives it another": async (kv) => {
      const first = await kv.set("k", "first");
      const second = await kv.set("k", "second", { ifEtag: first });
      assert.notEqual(second, first);
      await assertUnchanged(kv, "k", "second", second);
    },

    "if_etag refuses a key that was written meanwhile, unchanged": async (kv) => {
      const stale = await kv.set("k", "first");
      const current = await kv.set("k", "second");
      const refused = await expectFailure(kv.set("k", "third", { ifEtag: stale }), "ETAG_MISMATCH");
      assert.deepEqual(refused.metadata, { key: "k", current_etag: current });
      await assertUnchanged(kv, "k", "second", current);
    },

    "if_etag refuses a missing key, and does not create it": async (kv) => {
      const elsewhere = await kv.set("other", "v");
      for (const ifEtag of [elsewhere, "x", "0", "*"]) {
        const refused = await expectFailure(kv.set("missing", "v", { ifEtag }), "ETAG_MISMATCH");
        assert.equal(refused.metadata.key, "missing");
        assert.equal(refused.metadata.current_etag, undefined);
      }
      assert.equal(await kv.exists("missing"), false);
    },

    "no made-up etag matches": async (kv) => {
      const etag = await kv.set("k", "v");
      const madeUp = ["*", "0", "1", "-1", '""', "null", "%", " ", `${etag} `, ` ${etag}`, `${etag}0`, "x".repeat(128)];
      for (const ifEtag of madeUp.filter((one) => one !== etag && one.length <= 128)) {
        await expectFailure(kv.set("k", "other", { ifEtag }), "ETAG_MISMATCH");
        await expectFailure(kv.delete("k", ifEtag), "ETAG_MISMATCH");
      }
      await assertUnchanged(kv, "k", "v", etag);
    },

    "an etag does not come back when its key is deleted and recreated": async (kv) => {
      const seen = new Set<string>();
      for (let round = 0; round < 10; round++) {
        const etag = await kv.set("k", "the same");
        for (const old of seen) await expectFailure(kv.set("k", "revived", { ifEtag: old }), "ETAG_MISMATCH");
        seen.add(etag);
        await kv.delete("k");
        await expectFailure(kv.set("k", "revived", { ifEtag: etag }), "ETAG_MISMATCH");
      }
    },

    "delete with if_etag removes a key that has it, and refuses every other": async (kv) => {
      const stale = await kv.set("k", "first");
      const current = await kv.set("k", "second");
      const refused = await expectFailure(kv.delete("k", stale), "ETAG_MISMATCH");
      assert.deepEqual(refused.metadata, { key: "k", current_etag: current });
      await assertUnchanged(kv, "k", "second", current);
      assert.equal(await kv.delete("k", current), true);
      await expectFailure(kv.delete("k", current), "ETAG_MISMATCH");
      await expectFailure(kv.delete("missing", current), "ETAG_MISMATCH");
    },

    "of 50 racers with if_absent exactly one wins": async (kv) => {
      const outcomes = await Promise.all(
        racers.map((racer) => outcomeOf(kv.set("k", `racer ${racer}`, { ifAbsent: true }))),
      );
      await assertOneWinner(kv, outcomes, "KEY_EXISTS");
    },

    "of 50 racers with the same if_etag exactly one wins": async (kv) => {
      const ifEtag = await kv.set("k", "before");
      const outcomes = await Promise.all(racers.map((racer) => outcomeOf(kv.set("k", `racer ${racer}`, { ifEtag }))));
      await assertOneWinner(kv, outcomes, "ETAG_MISMATCH");
    },

    "of racing sets and deletes with the same if_etag exactly one wins": async (kv) => {
      for (let round = 0; round < 5; round++) {
        const ifEtag = await kv.set("k", "before");
        const calls = racers
          .slice(0, 20)
          .map((racer) => (racer % 2 ? kv.set("k", "set", { ifEtag }) : kv.delete("k", ifEtag)));
        const outcomes = await Promise.all(calls.map((call) => outcomeOf<string | boolean>(call)));
        const winners = outcomes.filter((outcome) => !(outcome instanceof GatewayError));
        assert.equal(winners.length, 1);
        assert.equal(await kv.text("k"), winners[0] === true ? undefined : "set");
      }
    },

    "50 concurrent compare-and-set increments end at 50": async (kv) => {
      await kv.set("k", "0");
      await Promise.all(racers.map(() => incrementByCompareAndSet(kv, "k")));
      assert.equal(await kv.text("k"), "50");
    },
  }),

  ...casesOf("conditional", ["conditional", "ttl"], {
    "an expired key is missing for if_absent and if_etag": async (kv, { shortTtlMs }) => {
      const etag = await kv.set("k", "old", { ttlMs: shortTtlMs });
      const other = await kv.set("other", "old", { ttlMs: shortTtlMs });
      await untilExpired(kv, ["k", "other"]);
      await expectFailure(kv.set("k", "revived", { ifEtag: etag }), "ETAG_MISMATCH");
      await expectFailure(kv.delete("k", etag), "ETAG_MISMATCH");
      const recreated = await kv.set("other", "new", { ifAbsent: true });
      assert.notEqual(recreated, other);
      await expectFailure(kv.set("other", "revived", { ifEtag: other }), "ETAG_MISMATCH");
      await assertUnchanged(kv, "other", "new", recreated);
    },
  }),
];

async function assertUnchanged(kv: KeyValueClient, key: string, value: string, etag: string): Promise<void> {
  const entry = await kv.get(key);
  assert.equal(entry?.value.toString(), value);
  assert.equal(entry?.etag, etag);
}

async function assertOneWinner(
  kv: KeyValueClient,
  outcomes: readonly (string | GatewayError)[],
  reason: "KEY_EXISTS" | "ETAG_MISMATCH",
): Promise<void> {
  const winners = outcomes.flatMap((outcome, racer) => (outcome instanceof GatewayError ? [] : [racer]));
  assert.equal(winners.length, 1, `the winners are ${winners.join(", ") || "nobody"}`);
  for (const outcome of outcomes) if (outcome instanceof GatewayError) assertFailure(outcome, reason);
  const winner = winners[0]!;
  await assertUnchanged(kv, "k", `racer ${winner}`, outcomes[winner] as string);
}

async function incrementByCompareAndSet(kv: KeyValueClient, key: string): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const entry = await kv.get(key);
    assert.ok(entry, `${key} is there`);
    const outcome = await outcomeOf(kv.set(key, String(Number(entry.value) + 1), { ifEtag: entry.etag }));
    if (!(outcome instanceof GatewayError)) return;
    assertFailure(outcome, "ETAG_MISMATCH");
  }
  assert.fail(`no compare-and-set in ${attemptsMax} was applied`);
}
