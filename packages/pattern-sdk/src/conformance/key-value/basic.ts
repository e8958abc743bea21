import assert from "node:assert/strict";
import { seededRandom } from "../seeded-random.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient } from "./key-value-client.js";
import { trickyKeys } from "./tricky-keys.js";

const mebibyte = 2 ** 20;

/** Sizes around the steps of protobuf lengths, HTTP/2 frames and windows. */
const valueSizesBytes = [0, 1, 2, 127, 128, 16_383, 16_384, 16_385, 65_534, 65_535, 65_536, 262_144, mebibyte];

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));

export const basicCases = casesOf("basic", [], {
  "a value is read back byte for byte, every byte value": async (kv) => {
    for (const value of [everyByte, Buffer.from(everyByte).reverse(), Buffer.alloc(300), Buffer.alloc(300, 0xff)]) {
      await kv.set("k", value);
      assert.deepEqual((await kv.get("k"))?.value, value);
    }
  },

  "an empty value is there, and is not a missing key": async (kv) => {
    await kv.set("k", "");
    assert.equal((await kv.get("k"))?.value.length, 0);
    assert.equal(await kv.exists("k"), true);
    assert.equal(await kv.delete("k"), true);
  },

  "values of many sizes are read back whole": async (kv, { valueBytesMax }) => {
    const random = seededRandom(1);
    const values = valueSizesBytes.filter((size) => size <= valueBytesMax).map((size) => random.bytes(size));
    await Promise.all(values.map((value) => kv.set(`of ${value.length}`, value)));
    const read = await Promise.all(values.map((value) => kv.get(`of ${value.length}`)));
    for (const [index, value] of values.entries()) assertSameBytes(read[index]?.value, value);
  },

  "values of 2 MiB are read back whole, several at a time": async (kv, subject) => {
    const random = seededRandom(2);
    const values = [0, 1, 2, 3].map(() => random.bytes(subject.valueSize(2 * mebibyte)));
    await Promise.all(values.map((value, index) => kv.set(`large ${index}`, value)));
    const read = await Promise.all(values.map((_, index) => kv.get(`large ${index}`)));
    for (const [index, value] of values.entries()) assertSameBytes(read[index]?.value, value);
  },

  "keys of 1 and of 1,024 bytes work": async (kv) => {
    const keys = ["k", "x".repeat(1_024), `${"x".repeat(1_023)}y`, "😀".repeat(256), `${"é".repeat(511)}ab`];
    for (const key of keys) await kv.set(key, `of ${key}`);
    for (const key of keys) assert.equal(await kv.text(key), `of ${key}`);
  },

  "keys of any characters are each a key of their own": async (kv) => {
    await Promise.all(trickyKeys.map((key) => kv.set(key, `of ${key}`)));
    await assertHolds(kv, trickyKeys);
    const removed = trickyKeys.filter((_, index) => index % 2 === 0);
    const kept = trickyKeys.filter((_, index) => index % 2 === 1);
    for (const existed of await Promise.all(removed.map((key) => kv.delete(key)))) assert.equal(existed, true);
    await assertHolds(kv, kept);
    const found = await Promise.all(removed.map((key) => kv.exists(key)));
    assert.deepEqual(
      removed.filter((_, index) => found[index]),
      [],
      "deleted keys that are still there",
    );
  },

  "a missing key is an answer, not a failure": async (kv) => {
    assert.equal(await kv.get("missing"), undefined);
    assert.equal(await kv.exists("missing"), false);
    assert.equal(await kv.delete("missing"), false);
  },

  "a key that was deleted is missing": async (kv) => {
    await kv.set("k", "v");
    assert.equal(await kv.delete("k"), true);
    assert.equal(await kv.get("k"), undefined);
    assert.equal(await kv.exists("k"), false);
    assert.equal(await kv.delete("k"), false);
  },

  "the last value set is the one read": async (kv) => {
    for (const value of ["one", "two", "", "three", "a longer value than the one before", "x"]) {
      await kv.set("k", value);
      assert.equal(await kv.text("k"), value);
    }
  },

  "reading does not change the etag, and set answers the etag that get reads": async (kv) => {
    const etag = await kv.set("k", "v");
    for (let read = 0; read < 3; read++) assert.equal((await kv.get("k"))?.etag, etag);
    assert.ok(etag.length >= 1 && etag.length <= 128, `an etag has 1 to 128 characters, not ${etag.length}`);
    assert.match(etag, /^[\x20-\x7e]+$/, "an etag is printable ASCII");
  },

  "every write gives another etag, also of the same value, and after delete and recreate": async (kv) => {
    const etags: string[] = [];
    for (let round = 0; round < 20; round++) {
      etags.push(await kv.set("k", "the same"));
      if (round % 2 === 1) await kv.delete("k");
    }
    assert.equal(new Set(etags).size, etags.length, `etags came twice: ${etags.join(" ")}`);
  },

  "of concurrent writers of one key one is the last, with its value and its etag": async (kv) => {
    const etags = await Promise.all(Array.from({ length: 50 }, (_, writer) => kv.set("k", `writer ${writer}`)));
    const entry = await kv.get("k");
    const writer = etags.indexOf(entry?.etag ?? "");
    assert.notEqual(writer, -1, "the etag is that of one of the writers");
    assert.equal(entry?.value.toString(), `writer ${writer}`);
    assert.equal(new Set(etags).size, etags.length, "each write has an etag of its own");
  },

  "of concurrent deletes of one key exactly one says that it was there": async (kv) => {
    for (let round = 0; round < 5; round++) {
      await kv.set("k", "v");
      const existed = await Promise.all(Array.from({ length: 20 }, () => kv.delete("k")));
      assert.equal(existed.filter(Boolean).length, 1);
    }
  },

  "many keys written at once are all there": async (kv) => {
    const keys = Array.from({ length: 300 }, (_, index) => `key ${index}`);
    await Promise.all(keys.map((key) => kv.set(key, key)));
    const values = await Promise.all(keys.map((key) => kv.text(key)));
    assert.deepEqual(values, keys);
  },

  "a reader never sees part of a write": async (kv, subject) => {
    const sizeBytes = subject.valueSize(100_000);
    await kv.set("k", Buffer.alloc(sizeBytes, "a"));
    const writes = Promise.all(["b", "c", "d", "e", "f"].map((letter) => kv.set("k", Buffer.alloc(sizeBytes, letter))));
    const reads = await Promise.all(Array.from({ length: 20 }, () => kv.get("k")));
    await writes;
    for (const read of reads) {
      assert.equal(read?.value.length, sizeBytes);
      assert.ok(read?.value.equals(Buffer.alloc(sizeBytes, read.value.subarray(0, 1))), "a value of two writers");
    }
  },
});

async function assertHolds(kv: KeyValueClient, keys: readonly string[]): Promise<void> {
  const values = await Promise.all(keys.map((key) => kv.text(key)));
  for (const [index, key] of keys.entries())
    assert.equal(values[index], `of ${key}`, `the value of ${JSON.stringify(key)}`);
}

function assertSameBytes(read: Uint8Array | undefined, written: Uint8Array): void {
  assert.equal(read?.length, written.length);
  // Not deepEqual: it would print megabytes.
  assert.ok(
    Buffer.compare(read ?? new Uint8Array(), written) === 0,
    `the ${written.length} bytes read are not those written`,
  );
}
