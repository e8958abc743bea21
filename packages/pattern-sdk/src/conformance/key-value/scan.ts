import assert from "node:assert/strict";
import { expectFailure } from "../expect-failure.js";
import { seededRandom } from "../seeded-random.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient, ScanOptions } from "./key-value-client.js";
import { trickyKeys, wildcards } from "./tricky-keys.js";

export const scanCases = casesOf("scan", ["scan"], {
  "a prefix selects the keys that start with it, with their values and etags": async (kv) => {
    const etags = new Map<string, string>();
    for (const key of ["a", "ab", "abc", "b", "ba", "B"]) etags.set(key, await kv.set(key, `of ${key}`));
    const entries = await kv.scan({ prefix: "ab" });
    assert.deepEqual(entries.map(({ key }) => key).sort(), ["ab", "abc"]);
    for (const { key, value, etag } of entries) {
      assert.equal(Buffer.from(value).toString(), `of ${key}`);
      assert.equal(etag, etags.get(key));
    }
    assert.deepEqual((await kv.scanKeys()).sort(), [...etags.keys()].sort());
    assert.deepEqual((await kv.scanKeys({ prefix: "" })).sort(), [...etags.keys()].sort());
  },

  "nothing matches: no entries and no next page": async (kv) => {
    assert.deepEqual(await kv.scanPage(), { entries: [], nextPageToken: "" });
    await kv.set("a", "v");
    const { entries, nextPageToken } = await kv.scanPage({ prefix: "b" });
    assert.deepEqual([entries, nextPageToken], [[], ""]);
  },

  "a prefix is taken byte for byte, whatever wildcards it holds": async (kv) => {
    await Promise.all(trickyKeys.map((key) => kv.set(key, "v")));
    for (const prefix of [...wildcards, "a", "A", "\0", "é", "e", "😀", "\uffff", "а", "__", "%%%"]) {
      const expected = trickyKeys.filter((key) => key.startsWith(prefix));
      assertSameKeys(await kv.scanKeys({ prefix }), expected, `the keys that start with ${JSON.stringify(prefix)}`);
    }
    assertSameKeys(await kv.scanKeys({ limit: 10 }), trickyKeys, "all keys");
  },

  "pages of every size together hold every key once": async (kv) => {
    const keys = await writeKeys(kv, 24);
    for (const limit of [1, 2, 5, 8, 12, 23, 24, 25, 10_000]) {
      const found: string[] = [];
      for await (const { entries } of kv.scanPages({ limit })) {
        assert.ok(entries.length <= limit, `${entries.length} entries with a limit of ${limit}`);
        found.push(...entries.map(({ key }) => key));
      }
      assertSameKeys(found, keys, `pages of ${limit}`);
    }
  },

  "a page without a limit has at most 1,000 entries": async (kv) => {
    const keys = await writeKeys(kv, 1_100);
    const found: string[] = [];
    for await (const { entries } of kv.scanPages()) {
      assert.ok(entries.length <= 1_000, `${entries.length} entries`);
      found.push(...entries.map(({ key }) => key));
    }
    assertSameKeys(found, keys, "all keys");
  },

  "pages are bounded by bytes": async (kv) => {
    const sizeBytes = 4_000;
    const keys = await writeKeys(kv, 30, Buffer.alloc(sizeBytes, "v"));
    for (const pageSizeBytes of [4_010, 10_000, 25_000]) {
      const found: string[] = [];
      for await (const { entries } of kv.scanPages({ pageSizeBytes })) {
        const pageBytes = entries.reduce((sum, { key, value }) => sum + Buffer.byteLength(key) + value.length, 0);
        assert.ok(pageBytes <= pageSizeBytes, `a page of ${pageBytes} bytes; asked for ${pageSizeBytes}`);
        found.push(...entries.map(({ key }) => key));
      }
      assertSameKeys(found, keys, `pages of ${pageSizeBytes} bytes`);
    }
  },

  "an entry that is larger than a page comes alone": async (kv, subject) => {
    await kv.set("small", "v");
    for (const key of ["large 1", "large 2", "large 3"]) await kv.set(key, Buffer.alloc(subject.valueSize(50_000)));
    const pages = [];
    for await (const { entries } of kv.scanPages({ pageSizeBytes: 1_000 })) pages.push(entries.map(({ key }) => key));
    assertSameKeys(pages.flat(), ["large 1", "large 2", "large 3", "small"], "all keys");
    for (const page of pages) assert.ok(page.length <= 1, `a large entry came with ${page.join(", ")}`);
  },

  "values of 2 MiB are scanned": async (kv, subject) => {
    const value = Buffer.alloc(subject.valueSize(2 ** 21), "v");
    for (const key of ["a", "b", "c"]) await kv.set(key, value);
    const entries = await kv.scan();
    assertSameKeys(
      entries.map(({ key }) => key),
      ["a", "b", "c"],
      "all keys",
    );
    for (const entry of entries) assert.ok(value.equals(entry.value), `the value of ${entry.key}`);
  },

  "keys_only leaves the values out": async (kv, subject) => {
    const etag = await kv.set("a", "value");
    await kv.set("b", Buffer.alloc(subject.valueSize(100_000)));
    const entries = await kv.scan({ keysOnly: true, limit: 1 });
    assertSameKeys(
      entries.map(({ key }) => key),
      ["a", "b"],
      "all keys",
    );
    for (const { value } of entries) assert.equal(value.length, 0);
    assert.equal(entries.find(({ key }) => key === "a")?.etag, etag);
  },

  "a page token is good for one namespace, selection and keys_only": async (kv, subject) => {
    const other = await subject.namespace();
    for (const namespace of [kv, other]) await writeKeys(namespace, 10);
    const { nextPageToken: pageToken } = await kv.scanPage({ prefix: "key", limit: 3 });
    assert.notEqual(pageToken, "");
    await expectFailure(other.scanPage({ prefix: "key", limit: 3, pageToken }), "INVALID_PAGE_TOKEN");
    await expectFailure(kv.scanPage({ prefix: "ke", limit: 3, pageToken }), "INVALID_PAGE_TOKEN");
    await expectFailure(kv.scanPage({ prefix: "key ", limit: 3, pageToken }), "INVALID_PAGE_TOKEN");
    await expectFailure(kv.scanPage({ limit: 3, pageToken }), "INVALID_PAGE_TOKEN");
    await expectFailure(kv.scanPage({ prefix: "key", limit: 3, keysOnly: true, pageToken }), "INVALID_PAGE_TOKEN");
    assert.equal((await kv.scanPage({ prefix: "key", limit: 5, pageToken })).entries.length, 5);
    assert.equal(
      (await kv.scanPage({ prefix: "key", limit: 5, pageToken })).entries.length,
      5,
      "a token is good again",
    );
  },

  "a page token that is damaged or made up is refused": async (kv) => {
    await writeKeys(kv, 10);
    const { nextPageToken } = await kv.scanPage({ limit: 3 });
    const damaged = [
      "x",
      "key 3",
      "AAAA",
      "%",
      nextPageToken.slice(0, -4),
      `${nextPageToken}AAAA`,
      flipped(nextPageToken, 1),
    ];
    for (const pageToken of [...damaged, flipped(nextPageToken, nextPageToken.length >> 1)]) {
      await expectFailure(kv.scanPage({ limit: 3, pageToken }), "INVALID_PAGE_TOKEN");
    }
  },

  "keys that live through the scan come exactly once while keys before and after the page come and go": async (kv) => {
    const living = await writeKeys(kv, 60);
    const passing = ["", "!", "key 0", "key 1", "key 3", "key 5", "key 9", "zzz"].flatMap((start) =>
      Array.from({ length: 8 }, (_, index) => `${start}~${index}`),
    );
    await Promise.all(passing.map((key) => kv.set(key, "passing")));
    const found: string[] = [];
    let page = 0;
    for await (const { entries } of kv.scanPages({ limit: 7 })) {
      found.push(...entries.map(({ key }) => key));
      // Half of the passing keys go and the other half come back after every page: what counts places now loses or repeats keys.
      await Promise.all(passing.map((key, index) => (index % 2 === page % 2 ? kv.delete(key) : kv.set(key, "again"))));
      page++;
    }
    assertEachOnce(found, living);
  },

  "keys that live through the scan come exactly once while writers run": async (kv) => {
    const living = await writeKeys(kv, 150);
    const random = seededRandom(5);
    let scanning = true;
    const writers = [0, 1, 2, 3].map(async (writer) => {
      for (let step = 0; scanning && step < 20_000; step++) {
        const passing = `${random.pick(["a", "key", "key 1", "key 15", "z"])}~${writer}~${random.below(20)}`;
        if (random.below(3) === 0) await kv.set(random.pick(living), `overwritten ${step}`);
        else if (random.below(2) === 0) await kv.delete(passing);
        else await kv.set(passing, "passing");
      }
    });
    try {
      for (let round = 0; round < 3; round++) assertEachOnce(await kv.scanKeys({ limit: 13 }), living);
      for (let round = 0; round < 3; round++) assertEachOnce(await kv.scanKeys({ prefix: "key", limit: 9 }), living);
    } finally {
      scanning = false;
      await Promise.all(writers);
    }
  },

  "a scan goes on when the key that its page ended with is deleted": async (kv) => {
    const keys = await writeKeys(kv, 20);
    const options = { limit: 4 };
    const first = await kv.scanPage(options);
    await Promise.all(first.entries.map(({ key }) => kv.delete(key)));
    const found = first.entries.map(({ key }) => key);
    found.push(...(await kv.scanKeys({ ...options, pageToken: first.nextPageToken })));
    assertSameKeys(found, keys, "all keys");
  },

  "a scan sees every write that was acknowledged before it": async (kv) => {
    const random = seededRandom(6);
    const model = new Map<string, string>();
    for (let round = 0; round < 15; round++) {
      const chosen = new Set(Array.from({ length: 20 }, () => random.pick(trickyKeys)));
      const writes = [...chosen].map((key) => ({ key, removed: random.below(3) === 0 }));
      await Promise.all(writes.map(({ key, removed }) => (removed ? kv.delete(key) : kv.set(key, `round ${round}`))));
      for (const { key, removed } of writes) {
        if (removed) model.delete(key);
        else model.set(key, `round ${round}`);
      }
      const entries = await kv.scan({ limit: 10 + random.below(30) });
      const values = entries.map(({ key, value }) => `${key} = ${Buffer.from(value)}`);
      assertSameKeys(
        values,
        [...model].map(([key, value]) => `${key} = ${value}`),
        `round ${round}`,
      );
    }
  },
});

export const orderedScanCases = casesOf("ordered scan", ["ordered_scan"], {
  "keys come in the order of their UTF-8 bytes, across pages, also beyond U+FFFF": async (kv) => {
    const keys = [...trickyKeys, "\uffffa", "😀a", "a😀", "a\uffff", "𐀀a", "\ue000a", "\u{10ffff}", "\ud7ffa"];
    await Promise.all(keys.map((key) => kv.set(key, "v")));
    const expected = inByteOrder(new Set(keys));
    for (const limit of [7, 50, 10_000]) assert.deepEqual(await kv.scanKeys({ limit }), expected);
    assert.deepEqual(
      await kv.scanKeys({ prefix: "a", limit: 3 }),
      expected.filter((key) => key.startsWith("a")),
    );
  },

  "a range holds its start and not its end": async (kv) => {
    for (const key of ["a", "b", "b\0", "ba", "c", "d"]) await kv.set(key, "v");
    await assertRange(kv, ["b", "c"], ["b", "b\0", "ba"]);
    await assertRange(kv, ["b\0", "d"], ["b\0", "ba", "c"]);
    await assertRange(kv, ["b", "b\0"], ["b"]);
    await assertRange(kv, ["aa", "az"], []);
    await assertRange(kv, ["bb", "zz"], ["c", "d"]);
  },

  "an empty start or end leaves that side open": async (kv) => {
    for (const key of ["\0", "a", "b", "😀"]) await kv.set(key, "v");
    await assertRange(kv, ["", "b"], ["\0", "a"]);
    await assertRange(kv, ["a", ""], ["a", "b", "😀"]);
    await assertRange(kv, ["", ""], ["\0", "a", "b", "😀"]);
  },

  "a range is compared in the order of UTF-8 bytes": async (kv) => {
    for (const key of ["\uffff", "😀", "z", "é"]) await kv.set(key, "v");
    await assertRange(kv, ["\ue000", "😀"], ["\uffff"]);
    await assertRange(kv, ["\uffff", ""], ["\uffff", "😀"]);
    await assertRange(kv, ["", "\uffff"], ["z", "é"]);
  },

  "a range whose end is not above its start is refused": async (kv) => {
    const ranges = [
      ["b", "a"],
      ["a", "a"],
      ["😀", "\uffff"],
    ] as const;
    for (const [start, end] of ranges) await expectFailure(kv.scanPage({ range: { start, end } }), "INVALID_FIELD");
  },

  "a page token is bound to its range": async (kv) => {
    await writeKeys(kv, 10);
    const { nextPageToken: pageToken } = await kv.scanPage({ range: { start: "key", end: "l" }, limit: 3 });
    for (const options of [{ prefix: "key" }, {}, { range: { start: "key", end: "m" } }] satisfies ScanOptions[]) {
      await expectFailure(kv.scanPage({ ...options, limit: 3, pageToken }), "INVALID_PAGE_TOKEN");
    }
  },

  "random ranges hold what a sorted list holds": async (kv) => {
    const random = seededRandom(7);
    const letters = ["\0", "a", "b", "é", "\ue000", "\uffff", "😀"];
    const word = (lengthMin: number) =>
      Array.from({ length: lengthMin + random.below(3) }, () => random.pick(letters)).join("");
    const keys = new Set(Array.from({ length: 120 }, () => word(1)));
    await Promise.all([...keys].map((key) => kv.set(key, "v")));
    const sorted = inByteOrder(keys);
    for (let round = 0; round < 30; round++) {
      const [start = "", end = ""] = inByteOrder([word(0), word(0)]);
      if (start === end && end !== "") continue;
      const expected = sorted.filter((key) => byBytes(key, start) >= 0 && (end === "" || byBytes(key, end) < 0));
      const found = await kv.scanKeys({ range: { start, end }, limit: 5 + random.below(40) });
      assert.deepEqual(found, expected, `from ${JSON.stringify(start)} to ${JSON.stringify(end)}`);
    }
  },
});

/** Writes `key 0`, `key 1` … and returns them. */
async function writeKeys(kv: KeyValueClient, keys: number, value: Uint8Array = Buffer.from("v")): Promise<string[]> {
  const names = Array.from({ length: keys }, (_, index) => `key ${index}`);
  await Promise.all(names.map((key) => kv.set(key, value)));
  return names;
}

async function assertRange(
  kv: KeyValueClient,
  range: readonly [string, string],
  expected: readonly string[],
): Promise<void> {
  const [start, end] = range;
  for (const limit of [1, 100]) assert.deepEqual(await kv.scanKeys({ range: { start, end }, limit }), expected);
}

function assertSameKeys(found: readonly string[], expected: readonly string[], what: string): void {
  assert.deepEqual([...found].sort(), [...expected].sort(), what);
}

/** Every living key came once, and no other more than once. */
function assertEachOnce(found: readonly string[], living: readonly string[]): void {
  const times = new Map<string, number>();
  for (const key of found) times.set(key, (times.get(key) ?? 0) + 1);
  assert.deepEqual(
    living.filter((key) => !times.has(key)),
    [],
    "keys that live through the scan and were not in it",
  );
  assert.deepEqual(
    [...times].filter(([, count]) => count > 1),
    [],
    "keys that came more than once",
  );
}

function flipped(token: string, index: number): string {
  return token.slice(0, index) + (token[index] === "A" ? "B" : "A") + token.slice(index + 1);
}

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function inByteOrder(keys: Iterable<string>): string[] {
  return [...keys].sort(byBytes);
}
