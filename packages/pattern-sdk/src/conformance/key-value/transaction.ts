import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { assertFailure, expectFailure, outcomeOf } from "../expect-failure.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient, WireCondition } from "./key-value-client.js";
import { trickyKeys } from "./tricky-keys.js";

/** The most conditions, and the most mutations, that one transaction takes. */
const transactionStepsMax = 1_000;

/** A task that has lost this often against 19 others does not compete with a store that keeps its word. */
const attemptsMax = 200;

export const transactionCases = casesOf("transaction", ["transaction"], {
  "mutations are applied in order, and each says what it did": async (kv) => {
    await kv.set("old", "v");
    const results = await kv.transact([], [{ set: "new", value: "v" }, { delete: "old" }, { delete: "missing" }]);
    assert.deepEqual(
      results.map(({ existed }) => existed),
      [undefined, true, false],
    );
    assert.equal((await kv.get("new"))?.etag, results[0]?.etag);
    assert.equal(await kv.exists("old"), false);
  },

  "the same key may stand more than once: the last mutation stays": async (kv) => {
    const mutations = [
      { delete: "a" },
      { set: "b", value: "1" },
      { delete: "b" },
      { set: "c", value: "1" },
      { set: "c", value: "2" },
    ];
    await kv.set("a", "v");
    const results = await kv.transact([], [...mutations, { delete: "a" }, { set: "a", value: "again" }]);
    assert.deepEqual([await kv.text("a"), await kv.text("b"), await kv.text("c")], ["again", undefined, "2"]);
    assert.deepEqual(
      results.map(({ existed }) => existed),
      [true, undefined, true, undefined, undefined, false, undefined],
    );
    assert.notEqual(results[3]?.etag, results[4]?.etag);
    assert.equal((await kv.get("c"))?.etag, results[4]?.etag);
  },

  "a last condition that fails leaves everything as it was": async (kv) => {
    const etag = await kv.set("kept", "before");
    await kv.set("other", "before");
    const conditions = [
      { key: "kept", exists: true },
      { key: "other", exists: true },
      { key: "missing", exists: true },
    ];
    const mutations = [{ set: "kept", value: "after" }, { delete: "other" }, { set: "new", value: "v" }];
    const refused = await expectFailure(kv.transact(conditions, mutations), "CONDITION_FAILED");
    assert.deepEqual([refused.metadata.index, refused.metadata.key], ["2", "missing"]);
    const kept = await kv.get("kept");
    assert.deepEqual([kept?.value.toString(), kept?.etag], ["before", etag]);
    assert.deepEqual([await kv.text("other"), await kv.exists("new")], ["before", false]);
  },

  "each kind of condition holds and fails as it says": async (kv) => {
    const stale = await kv.set("k", "1");
    const etag = await kv.set("k", "2");
    const gone = await kv.set("gone", "v");
    await kv.delete("gone");
    const holding: WireCondition[] = [
      { key: "k", exists: true },
      { key: "k", etag },
      { key: "gone", exists: false },
    ];
    const failing: WireCondition[] = [
      { key: "k", exists: false },
      { key: "k", etag: stale },
      { key: "gone", exists: true },
      { key: "gone", etag: gone },
    ];
    for (const condition of failing) {
      for (const conditions of [[condition], [...holding, condition], [condition, ...holding]]) {
        await expectFailure(kv.transact(conditions, [{ set: "mark", value: "v" }]), "CONDITION_FAILED");
      }
    }
    assert.equal(await kv.exists("mark"), false);
    await kv.transact(holding, [{ set: "mark", value: "v" }]);
    assert.equal(await kv.text("mark"), "v");
  },

  "conditions look at what was before the mutations": async (kv) => {
    await kv.transact([{ key: "k", exists: false }], [{ set: "k", value: "v" }]);
    await kv.transact([{ key: "k", exists: true }], [{ delete: "k" }]);
    assert.equal(await kv.exists("k"), false);
  },

  "an etag of before a transaction is stale after it": async (kv) => {
    const stale = await kv.set("k", "1");
    const [result] = await kv.transact([{ key: "k", etag: stale }], [{ set: "k", value: "2" }]);
    await expectFailure(kv.transact([{ key: "k", etag: stale }], [{ set: "k", value: "3" }]), "CONDITION_FAILED");
    await kv.transact([{ key: "k", etag: result!.etag! }], [{ set: "k", value: "4" }]);
    assert.equal(await kv.text("k"), "4");
  },

  "keys of any characters go through transactions": async (kv) => {
    const conditions = trickyKeys.map((key) => ({ key, exists: false }));
    await kv.transact(
      conditions,
      trickyKeys.map((key) => ({ set: key, value: key })),
    );
    const values = await Promise.all(trickyKeys.map((key) => kv.text(key)));
    assert.deepEqual(values, trickyKeys);
  },

  "1,000 conditions and 1,000 mutations are one transaction": async (kv) => {
    const keys = Array.from({ length: transactionStepsMax }, (_, index) => `key ${index}`);
    await kv.transact(
      keys.map((key) => ({ key, exists: false })),
      keys.map((key) => ({ set: key, value: key })),
    );
    const last: WireCondition = { key: "key 999", exists: false };
    const conditions: WireCondition[] = [...keys.slice(1).map((key) => ({ key, exists: true })), last];
    await expectFailure(
      kv.transact(
        conditions,
        keys.map((key) => ({ delete: key })),
      ),
      "CONDITION_FAILED",
    );
    assert.equal(await kv.text("key 0"), "key 0");
  },

  "a reader that runs alongside never sees half of a transaction": async (kv) => {
    const both = (round: number) => [
      { set: "a", value: String(round) },
      { set: "b", value: String(round) },
    ];
    await kv.transact([], both(0));
    let writing = true;
    const writer = (async () => {
      for (let round = 1; round <= 100; round++) await kv.transact([], both(round));
    })().finally(() => {
      writing = false;
    });
    // What is read second is never older than what was read first, or a transaction was seen in part.
    const readers = [
      ["a", "b"],
      ["b", "a"],
    ].map(async ([first = "", second = ""]) => {
      while (writing) {
        const before = Number(await kv.text(first));
        const after = Number(await kv.text(second));
        assert.ok(after >= before, `${first} was ${before}, and then ${second} was ${after}`);
      }
    });
    await Promise.all([writer, ...readers]);
  },

  "of racing transactions with the same condition exactly one wins, and the others leave nothing": async (kv) => {
    const racers = Array.from({ length: 30 }, (_, racer) => racer);
    const outcomes = await Promise.all(
      racers.map((racer) =>
        outcomeOf(
          kv.transact(
            [{ key: "lock", exists: false }],
            [
              { set: `left by ${racer}`, value: "v" },
              { set: "lock", value: String(racer) },
            ],
          ),
        ),
      ),
    );
    const winners = racers.filter((racer) => !(outcomes[racer] instanceof GatewayError));
    assert.equal(winners.length, 1, `the winners are ${winners.join(", ") || "nobody"}`);
    for (const outcome of outcomes) if (outcome instanceof GatewayError) assertFailure(outcome, "CONDITION_FAILED");
    assert.equal(await kv.text("lock"), String(winners[0]));
    const left = await Promise.all(racers.map((racer) => kv.exists(`left by ${racer}`)));
    assert.deepEqual(
      racers.filter((racer) => left[racer]),
      winners,
    );
  },

  "concurrent transfers between two keys keep their sum": async (kv) => {
    await kv.transact(
      [],
      [
        { set: "from", value: "100" },
        { set: "to", value: "0" },
      ],
    );
    await Promise.all(Array.from({ length: 20 }, () => transferOne(kv)));
    assert.deepEqual([await kv.text("from"), await kv.text("to")], ["80", "20"]);
  },
});

/** Moves 1 from one key to the other, again and again until nobody came between. */
async function transferOne(kv: KeyValueClient): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const [from, to] = await Promise.all([kv.get("from"), kv.get("to")]);
    assert.ok(from && to, "both keys are there");
    const conditions = [
      { key: "from", etag: from.etag },
      { key: "to", etag: to.etag },
    ];
    const mutations = [
      { set: "from", value: String(Number(from.value) - 1) },
      { set: "to", value: String(Number(to.value) + 1) },
    ];
    const outcome = await outcomeOf(kv.transact(conditions, mutations));
    if (!(outcome instanceof GatewayError)) return;
    assertFailure(outcome, "CONDITION_FAILED");
  }
  assert.fail(`no transfer in ${attemptsMax} was applied`);
}
