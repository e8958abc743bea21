import assert from "node:assert/strict";
import { GatewayError } from "../../errors.js";
import { assertFailure, outcomeOf } from "../expect-failure.js";
import { type SeededRandom, seededRandom } from "../seeded-random.js";
import { casesOf } from "./key-value-case.js";
import type { BatchWrite, KeyValueClient, WireEntry } from "./key-value-client.js";
import { trickyKeys } from "./tricky-keys.js";

/** The most entries that one batch takes. */
const batchEntriesMax = 1_000;

export const batchCases = [
  ...casesOf("batch", ["batch"], {
    "answers stand in the order of the request, missing keys and repeated keys too": async (kv) => {
      await kv.batchSet([
        { key: "b", value: "of b" },
        { key: "a", value: "of a" },
      ]);
      const entries = await kv.batchGet(["a", "missing", "b", "a", "a", "missing"]);
      assert.deepEqual(entries.map(textOf), ["of a", undefined, "of b", "of a", "of a", undefined]);
      const removed = await kv.batchDelete([{ key: "b" }, { key: "missing" }, { key: "a" }]);
      assert.deepEqual(removed, [true, false, true]);
    },

    "1,000 entries stay in order": async (kv) => {
      const keys = Array.from({ length: batchEntriesMax }, (_, index) => `key ${(index * 7) % batchEntriesMax}`);
      const etags = await kv.batchSet(keys.map((key, index) => ({ key, value: String(index) })));
      const entries = await kv.batchGet(keys);
      for (const [index, entry] of entries.entries()) {
        assert.equal(textOf(entry), String(index));
        assert.equal((entry as WireEntry).etag, etags[index]);
      }
      assert.deepEqual(
        await kv.batchDelete(keys.map((key) => ({ key }))),
        keys.map(() => true),
      );
    },

    "of two writes of one key the second stays, with its etag": async (kv) => {
      const writes = ["first", "second", "third"].map((value) => ({ key: "k", value }));
      const etags = await kv.batchSet(writes);
      assert.equal(new Set(etags).size, 3);
      const entry = await kv.get("k");
      assert.deepEqual([entry?.value.toString(), entry?.etag], ["third", etags[2]]);
    },

    "a key that stands twice in a batch delete was there once": async (kv) => {
      await kv.set("k", "v");
      assert.deepEqual(await kv.batchDelete([{ key: "k" }, { key: "k" }]), [true, false]);
    },

    "keys of any characters and empty values go through batches": async (kv) => {
      await kv.batchSet(trickyKeys.map((key) => ({ key, value: key })));
      await kv.batchSet([{ key: "empty", value: "" }]);
      const entries = await kv.batchGet([...trickyKeys, "empty"]);
      assert.deepEqual(entries.map(textOf), [...trickyKeys, ""]);
    },

    "large values fill a batch, and what does not fit the answer can be asked for again": async (kv, subject) => {
      const sizeBytes = subject.valueSize(2 ** 20);
      const keys = Array.from({ length: 6 }, (_, index) => `large ${index}`);
      const letters = "abcdef";
      for (const [index, key] of keys.entries()) await kv.set(key, Buffer.alloc(sizeBytes, letters[index]));
      const entries = await kv.batchGet(keys);
      assert.equal(entries.length, keys.length);
      assert.ok(!(entries[0] instanceof GatewayError), "the first entry is always answered");
      for (const [index, entry] of entries.entries()) {
        if (entry instanceof GatewayError) assertFailure(entry, "MESSAGE_TOO_LARGE");
        const found = entry instanceof GatewayError ? await kv.get(keys[index]!) : entry;
        assert.ok(found?.value.equals(Buffer.alloc(sizeBytes, letters[index])), `the value of ${keys[index]}`);
      }
    },

    "concurrent batches of the same keys leave each key with the value of one of them": async (kv) => {
      const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
      const writers = Array.from({ length: 10 }, (_, writer) =>
        kv.batchSet(keys.map((key) => ({ key, value: `w${writer}` }))),
      );
      const etags = await Promise.all(writers);
      for (const [index, entry] of (await kv.batchGet(keys)).entries()) {
        const writer = Number(textOf(entry)?.slice(1));
        assert.equal((entry as WireEntry).etag, etags[writer]?.[index]);
      }
    },
  }),

  ...casesOf("batch", ["batch", "conditional"], {
    "an entry that fails does not stop the ones after it": async (kv) => {
      const etag = await kv.set("taken", "before");
      const results = await kv.batchSet([
        { key: "first", value: "v" },
        { key: "taken", value: "v", ifAbsent: true },
        { key: "missing", value: "v", ifEtag: etag },
        { key: "last", value: "v" },
      ]);
      assertFailure(results[1], "KEY_EXISTS");
      assert.equal((results[1] as GatewayError).metadata.current_etag, etag);
      assertFailure(results[2], "ETAG_MISMATCH");
      const entries = await kv.batchGet(["first", "taken", "missing", "last"]);
      assert.deepEqual(entries.map(textOf), ["v", "before", undefined, "v"]);
      assert.deepEqual([results[0], results[3]], [(entries[0] as WireEntry).etag, (entries[3] as WireEntry).etag]);
    },

    "an entry sees the ones before it": async (kv) => {
      const results = await kv.batchSet([
        { key: "k", value: "first", ifAbsent: true },
        { key: "k", value: "second", ifAbsent: true },
        { key: "k", value: "third" },
      ]);
      assertFailure(results[1], "KEY_EXISTS");
      assert.equal(await kv.text("k"), "third");
    },

    "a removal that fails does not stop the ones after it": async (kv) => {
      const stale = await kv.set("written", "v");
      const current = await kv.set("written", "w");
      await kv.set("other", "v");
      const results = await kv.batchDelete([
        { key: "written", ifEtag: stale },
        { key: "missing", ifEtag: stale },
        { key: "other" },
        { key: "written", ifEtag: current },
      ]);
      assertFailure(results[0], "ETAG_MISMATCH");
      assertFailure(results[1], "ETAG_MISMATCH");
      assert.deepEqual(results.slice(2), [true, true]);
      assert.deepEqual((await kv.batchGet(["written", "other"])).map(textOf), [undefined, undefined]);
    },

    "random batches do what the same calls one by one do": async (batched, subject) => {
      const single = await subject.namespace();
      const random = seededRandom(4);
      for (let round = 0; round < 8; round++) {
        const writes = Array.from({ length: 1 + random.below(15) }, () => randomWrite(random));
        assert.deepEqual(await setInBatch(batched, writes), await setOneByOne(single, writes), `round ${round}: set`);
        const removals = Array.from({ length: 1 + random.below(5) }, () => ({ key: random.pick(modelKeys) }));
        const removed = [];
        for (const { key } of removals) removed.push(await single.delete(key));
        assert.deepEqual(await batched.batchDelete(removals), removed, `round ${round}: delete`);
        const values = [];
        for (const key of modelKeys) values.push(await single.text(key));
        assert.deepEqual((await batched.batchGet(modelKeys)).map(textOf), values, `round ${round}: get`);
      }
    },
  }),
];

const modelKeys = ["a", "b", "a%", "a_", "A", "a:b", "a\0"];

function textOf(entry: WireEntry | GatewayError | undefined): string | undefined {
  if (entry instanceof GatewayError) throw entry;
  return entry?.value.toString();
}

function randomWrite(random: SeededRandom): BatchWrite {
  const write = { key: random.pick(modelKeys), value: String(random.below(1_000)) };
  const kind = random.below(4);
  if (kind === 0) return { ...write, ifAbsent: true };
  return kind === 1 ? { ...write, ifEtag: "never given out" } : write;
}

/** Etags differ between namespaces, so only "written" or the reason is compared. */
async function setInBatch(kv: KeyValueClient, writes: readonly BatchWrite[]): Promise<string[]> {
  return (await kv.batchSet(writes)).map(shortOutcome);
}

async function setOneByOne(kv: KeyValueClient, writes: readonly BatchWrite[]): Promise<string[]> {
  const outcomes = [];
  for (const { key, value, ...options } of writes)
    outcomes.push(shortOutcome(await outcomeOf(kv.set(key, value, options))));
  return outcomes;
}

function shortOutcome(outcome: string | GatewayError): string {
  return outcome instanceof GatewayError ? outcome.reason : "written";
}
