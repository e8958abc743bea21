import assert from "node:assert/strict";
import { seededRandom } from "../seeded-random.js";
import { casesOf } from "./key-value-case.js";
import { trickyKeys, wildcards } from "./tricky-keys.js";

export const countCases = [
  ...casesOf("count", ["count"], {
    "keys are counted exactly, more than a page of them too": async (kv) => {
      assert.equal(await kv.count(), 0);
      await Promise.all(
        Array.from({ length: 1_200 }, (_, index) => kv.set(`${index % 2 ? "odd" : "even"} ${index}`, "v")),
      );
      assert.deepEqual(
        [await kv.count(), await kv.count("odd"), await kv.count("even 1"), await kv.count("x")],
        [1_200, 600, 155, 0],
      );
    },

    "overwrites count once, deletes not": async (kv) => {
      for (let round = 0; round < 3; round++) for (const key of ["a", "b", "c"]) await kv.set(key, String(round));
      assert.equal(await kv.count(), 3);
      await kv.delete("b");
      await kv.delete("b");
      await kv.delete("missing");
      assert.equal(await kv.count(), 2);
      await kv.set("b", "again");
      assert.equal(await kv.count(), 3);
    },

    "a prefix is taken byte for byte, whatever wildcards it holds": async (kv) => {
      await Promise.all(trickyKeys.map((key) => kv.set(key, "v")));
      for (const prefix of ["", ...wildcards, "a", "A", "\0", "é", "e", "😀", "\uffff", "а", "__"]) {
        const expected = trickyKeys.filter((key) => key.startsWith(prefix)).length;
        assert.equal(await kv.count(prefix), expected, `the keys that start with ${JSON.stringify(prefix)}`);
      }
    },

    "after concurrent writers of the same keys the count is right": async (kv) => {
      const random = seededRandom(8);
      const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
      for (let round = 0; round < 5; round++) {
        await Promise.all(
          Array.from({ length: 60 }, () => {
            const key = random.pick(keys);
            return random.below(2) ? kv.set(key, "v") : kv.delete(key);
          }),
        );
        const existing = (await Promise.all(keys.map((key) => kv.exists(key)))).filter(Boolean).length;
        assert.equal(await kv.count("k"), existing, `round ${round}`);
      }
    },
  }),

  ...casesOf("count", ["count", "batch"], {
    "batches are counted": async (kv) => {
      await kv.batchSet(["a", "b", "a", "c"].map((key) => ({ key, value: "v" })));
      assert.equal(await kv.count(), 3);
      await kv.batchDelete(["a", "a", "missing"].map((key) => ({ key })));
      assert.equal(await kv.count(), 2);
    },
  }),

  ...casesOf("count", ["count", "transaction"], {
    "transactions are counted": async (kv) => {
      await kv.transact(
        [],
        [{ set: "a", value: "v" }, { set: "b", value: "v" }, { delete: "a" }, { set: "a", value: "w" }],
      );
      assert.equal(await kv.count(), 2);
      await kv.transact(
        [{ key: "a", exists: true }],
        [{ delete: "a" }, { delete: "a" }, { set: "c", value: "v" }, { delete: "c" }],
      );
      assert.equal(await kv.count(), 1);
    },
  }),

  ...casesOf("count", ["count", "counter"], {
    "counters are counted": async (kv) => {
      for (const key of ["a", "b", "a"]) await kv.increment(key, 1n);
      assert.equal(await kv.count(), 2);
    },
  }),
];
