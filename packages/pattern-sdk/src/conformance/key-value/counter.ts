import assert from "node:assert/strict";
import { expectFailure } from "../expect-failure.js";
import { casesOf } from "./key-value-case.js";

const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

/** Every one of these would lose its last digits as a double. */
const exactSums: readonly (readonly [from: bigint, delta: bigint])[] = [
  [2n ** 53n, 1n],
  [-(2n ** 53n), -1n],
  [1_234_567_890_123_456_789n, 1n],
  [int64Max - 1n, 1n],
  [int64Min + 1n, -1n],
  [int64Max, -int64Max],
  [int64Max, int64Min],
  [0n, int64Max],
  [0n, int64Min],
  [-1n, int64Max],
];

const overflows: readonly (readonly [from: bigint, delta: bigint])[] = [
  [int64Max, 1n],
  [int64Min, -1n],
  [1n, int64Max],
  [-1n, int64Min],
  [int64Max, int64Max],
  [int64Min, int64Min],
];

const notCounters = [
  "",
  " ",
  "abc",
  "1.5",
  "1.0",
  "1e3",
  "0x10",
  " 1",
  "1 ",
  "1\n",
  "1\0",
  "-",
  "--1",
  "+1",
  "01",
  "-0",
  "1,000",
  "١",
  "NaN",
  "Infinity",
  "true",
  "9223372036854775808",
  "-9223372036854775809",
  "99999999999999999999999",
];

export const counterCases = [
  ...casesOf("counter", ["counter"], {
    "a missing key counts as 0, and the counter is its decimal text": async (kv) => {
      const { value, etag } = await kv.increment("k", 5n);
      assert.equal(value, 5n);
      const entry = await kv.get("k");
      assert.deepEqual([entry?.value.toString(), entry?.etag], ["5", etag]);
      assert.equal((await kv.increment("k", -12n)).value, -7n);
      assert.equal(await kv.text("k"), "-7");
    },

    "a value that was set as decimal text is a counter": async (kv) => {
      for (const text of ["0", "7", "-7", "9223372036854775807", "-9223372036854775808"]) {
        await kv.set("k", text);
        assert.equal((await kv.increment("k", 0n)).value, BigInt(text));
        assert.equal(await kv.text("k"), text);
      }
    },

    "a delta of 0 changes the etag and creates a missing key": async (kv) => {
      const etag = await kv.set("k", "3");
      const incremented = await kv.increment("k", 0n);
      assert.equal(incremented.value, 3n);
      assert.notEqual(incremented.etag, etag);
      assert.equal((await kv.increment("new", 0n)).value, 0n);
      assert.equal(await kv.text("new"), "0");
    },

    "sums are exact over the whole range of int64": async (kv) => {
      for (const [from, delta] of exactSums) {
        await kv.set("k", String(from));
        assert.equal((await kv.increment("k", delta)).value, from + delta, `${from} + ${delta}`);
        assert.equal(await kv.text("k"), String(from + delta));
      }
    },

    "a sum that leaves int64 is refused, and the counter unchanged": async (kv) => {
      for (const [from, delta] of overflows) {
        const etag = await kv.set("k", String(from));
        await expectFailure(kv.increment("k", delta), "COUNTER_OVERFLOW");
        const entry = await kv.get("k");
        assert.deepEqual([entry?.value.toString(), entry?.etag], [String(from), etag], `${from} + ${delta}`);
      }
    },

    "a value that is no decimal int64 is refused, and unchanged": async (kv) => {
      for (const text of notCounters) {
        const etag = await kv.set("k", text);
        await expectFailure(kv.increment("k", 1n), "NOT_A_COUNTER");
        const entry = await kv.get("k");
        assert.deepEqual([entry?.value.toString(), entry?.etag], [text, etag], JSON.stringify(text));
      }
      await kv.set("k", Uint8Array.of(0xff, 0x31));
      await expectFailure(kv.increment("k", 1n), "NOT_A_COUNTER");
    },

    "concurrent increments are all counted, and no sum is answered twice": async (kv) => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => kv.increment("k", 1n)));
      const sums = answers.map(({ value }) => Number(value)).sort((a, b) => a - b);
      assert.deepEqual(
        sums,
        Array.from({ length: 100 }, (_, index) => index + 1),
      );
      assert.equal(new Set(answers.map(({ etag }) => etag)).size, 100);
      assert.equal(await kv.text("k"), "100");
    },

    "concurrent increments of both signs end at their sum": async (kv) => {
      const deltas = Array.from({ length: 80 }, (_, index) => BigInt(index % 2 ? -index : 3 * index));
      await Promise.all(deltas.map((delta) => kv.increment("k", delta)));
      assert.equal(await kv.text("k"), String(deltas.reduce((sum, delta) => sum + delta, 0n)));
    },
  }),

  ...casesOf("counter", ["counter", "conditional"], {
    "an increment makes the etag before it stale": async (kv) => {
      const stale = await kv.set("k", "1");
      const { etag } = await kv.increment("k", 1n);
      await expectFailure(kv.set("k", "9", { ifEtag: stale }), "ETAG_MISMATCH");
      await kv.set("k", "9", { ifEtag: etag });
    },
  }),
];
