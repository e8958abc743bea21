import { randomUUID } from "node:crypto";
import { redis, sharedAddress } from "@prism-data/local-servers";
import type { Change, GatewayError, SetRequest } from "@prism-data/pattern-sdk";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RedisKeyValue } from "./key-value.js";
import { callWith, eventually, type OpenBackend, openBackend } from "./testing/open-backend.js";

const url = sharedAddress(redis, process.env);
const withoutIndex = ["ttl", "conditional", "batch", "counter", "transaction"];
const int64Max = 2n ** 63n - 1n;
const int64Min = -(2n ** 63n);

let opened: OpenBackend;
let server: Redis;

beforeAll(async () => {
  opened = await openBackend({ url });
  server = new Redis(url);
});

afterAll(async () => {
  await opened[Symbol.asyncDispose]();
  server.disconnect();
});

const bytes = (text: string) => Buffer.from(text);
const put = (kv: RedisKeyValue, key: string, more: Partial<SetRequest> = {}) =>
  kv.set({ key, value: bytes("v"), ...more });
const reasonOf = (call: Promise<unknown>) =>
  call.then(
    () => "no failure",
    (error: GatewayError) => error.reason,
  );

async function keysOf(kv: RedisKeyValue): Promise<string[]> {
  const selection = { kind: "prefix", prefix: "" } as const;
  const keys: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await kv.scan({ selection, limit: 100, pageSizeBytes: 1_000_000, keysOnly: true, cursor }, callWith());
    keys.push(...page.entries.map(({ key }) => key));
    cursor = page.cursor;
  } while (cursor !== undefined);
  return keys;
}

describe("counters", () => {
  const edges = [
    0n,
    1n,
    -1n,
    999_999_999n,
    1_000_000_000n,
    -1_000_000_000n,
    2n ** 53n,
    2n ** 53n + 1n,
    int64Max,
    int64Min,
    int64Max - 1n,
  ];

  test.each(edges)("%s plus any other edge is exact, or refused when it leaves int64", async (from) => {
    const kv = await opened.namespace();
    for (const delta of edges) {
      await kv.set({ key: "k", value: bytes(String(from)) });
      const sum = from + delta;
      if (sum > int64Max || sum < int64Min) expect(await reasonOf(kv.increment("k", delta))).toBe("COUNTER_OVERFLOW");
      else expect((await kv.increment("k", delta)).value).toBe(sum);
    }
  });

  test("random sums are those of exact arithmetic", async () => {
    const kv = await opened.namespace({ needs: withoutIndex });
    for (let round = 0; round < 300; round++) {
      const [from, delta] = new BigInt64Array(
        crypto.getRandomValues(new BigInt64Array(2)).map((n, at) => n >> BigInt(((round + at) % 60) + 1)),
      );
      await kv.set({ key: "k", value: bytes(String(from)) });
      expect((await kv.increment("k", delta!)).value).toBe(from! + delta!);
    }
  });
});

describe("scripts", () => {
  test("a flush of the script cache in the middle loses no write and applies none twice", async () => {
    const kv = await opened.namespace();
    const increments = Array.from({ length: 300 }, async (_, index) => {
      if (index % 50 === 25) await server.script("FLUSH");
      return kv.increment("k", 1n);
    });
    await Promise.all(increments);
    expect((await kv.get("k"))?.value.toString()).toBe("300");
  });

  test("50 racers with compare-and-set add up to 50", async () => {
    const kv = await opened.namespace({ needs: withoutIndex });
    await kv.set({ key: "k", value: bytes("0") });
    const add = async (): Promise<void> => {
      const { value, etag } = (await kv.get("k"))!;
      const next = bytes(String(Number(value.toString()) + 1));
      const reason = await reasonOf(kv.set({ key: "k", value: next, condition: { kind: "etag", etag } }));
      if (reason === "ETAG_MISMATCH") return add();
      expect(reason).toBe("no failure");
    };
    await Promise.all(Array.from({ length: 50 }, add));
    expect((await kv.get("k"))?.value.toString()).toBe("50");
  });
});

describe("the server's memory", () => {
  test("an expired value is really removed, and its key from the index", async () => {
    const name = randomUUID();
    const kv = await opened.namespace({ name });
    await put(kv, "k", { ttlMs: 50 });
    await eventually(async () => (await server.keys(`prism:{${name}}:*`)).toString() === `prism:{${name}}:state`);
  });

  test("Redis expires a key at the moment that its record names", async () => {
    const name = randomUUID();
    const kv = await opened.namespace({ name });
    await put(kv, "k", { ttlMs: 60_000 });
    await kv.set({ key: "counter", value: bytes("1"), ttlMs: 60_000 });
    await kv.increment("counter", 1n);
    for (const key of ["k", "counter"]) {
      const expiresAtMs = await server.call("PEXPIRETIME", `prism:{${name}}:v:${key}`);
      expect((await kv.get(key))?.expiresAtMs).toBe(expiresAtMs);
      expect(await kv.expire(key, 30_000)).toBe(await server.call("PEXPIRETIME", `prism:{${name}}:v:${key}`));
      await kv.persist(key);
      expect([(await kv.get(key))?.expiresAtMs, await server.call("PEXPIRETIME", `prism:{${name}}:v:${key}`)]).toEqual([
        undefined,
        -1,
      ]);
    }
  });

  test("deleting a namespace's data leaves nothing of it, and all of another", async () => {
    const [name, other] = [randomUUID(), randomUUID()];
    const kv = await opened.namespace({ name });
    const neighbour = await opened.namespace({ name: other });
    await put(neighbour, "k");
    await put(kv, "k", { token: { timeMicros: 1n, nonce: Buffer.from("n") }, ttlMs: 60_000 });
    expect(await opened.backend.keyValue?.deleteData(name)).toEqual(["removed 5 names from Redis"]);
    expect(await server.keys(`prism:{${name}}:*`)).toEqual([]);
    expect(await keysOf(neighbour)).toEqual(["k"]);
  });

  test.each([
    ["a", "a:v"],
    ["a", "{a}"],
    ["a}", "a"],
    ["a%", "a%25"],
    ["é", "e\u0301"],
  ])("namespaces %j and %j share nothing", async (one, other) => {
    const suffix = randomUUID();
    const [first, second] = [
      await opened.namespace({ name: one + suffix }),
      await opened.namespace({ name: other + suffix }),
    ];
    await put(first, "k");
    expect([await second.exists("k"), await keysOf(second)]).toEqual([false, []]);
  });
});

describe("the index", () => {
  test("a namespace that does not need it does not have it", async () => {
    const name = randomUUID();
    const kv = await opened.namespace({ name, needs: withoutIndex });
    await put(kv, "k", { ttlMs: 60_000 });
    expect(await server.keys(`prism:{${name}}:*`)).toEqual([`prism:{${name}}:v:k`]);
  });

  test("it is built from existing data when it is needed first, while writers of a binding without it go on", async () => {
    const name = randomUUID();
    const plain = await opened.namespace({ name, needs: withoutIndex });
    const key = (index: number) => `key ${String(index).padStart(5, "0")}`;
    await plain.batchSet(Array.from({ length: 900 }, (_, index) => ({ key: key(index), value: bytes("v") })));
    const alive = new Set(Array.from({ length: 900 }, (_, index) => key(index)));
    const writing = (async () => {
      for (let index = 900; index < 1_500; index++) {
        await put(plain, key(index));
        await plain.delete({ key: key(index - 900) });
        alive.add(key(index)).delete(key(index - 900));
      }
    })();
    const indexed = await opened.namespace({ name });
    await writing;
    expect(await keysOf(indexed)).toEqual([...alive].sort());
    expect(await indexed.count("", callWith())).toBe(alive.size);
  });

  test("it knows when existing keys expire", async () => {
    const name = randomUUID();
    const plain = await opened.namespace({ name, needs: withoutIndex });
    await put(plain, "brief", { ttlMs: 300 });
    await put(plain, "lasting");
    const indexed = await opened.namespace({ name });
    expect(await indexed.count("", callWith())).toBe(2);
    await eventually(async () => !(await indexed.exists("brief")));
    expect([await indexed.count("", callWith()), await keysOf(indexed)]).toEqual([1, ["lasting"]]);
  });

  test("it is built anew after the server lost everything", async () => {
    const name = randomUUID();
    const kv = await opened.namespace({ name });
    await put(kv, "before");
    await server.unlink(...(await server.keys(`prism:{${name}}:*`)));
    await put(kv, "after");
    expect([await keysOf(kv), await kv.count("", callWith())]).toEqual([["after"], 1]);
  });

  test("it goes when the namespace no longer needs it, and comes back exact", async () => {
    const name = randomUUID();
    await put(await opened.namespace({ name }), "a");
    const plain = await opened.namespace({ name, needs: withoutIndex });
    expect(await server.exists(`prism:{${name}}:index`)).toBe(0);
    await plain.delete({ key: "a" });
    await put(plain, "b");
    expect(await keysOf(await opened.namespace({ name }))).toEqual(["b"]);
  });

  test("a count is exact when thousands of keys have just expired", async () => {
    const kv = await opened.namespace();
    const keys = Array.from({ length: 3_000 }, (_, index) => `key ${index}`);
    for (let at = 0; at < keys.length; at += 1_000) {
      await kv.batchSet(keys.slice(at, at + 1_000).map((key) => ({ key, value: bytes("v"), ttlMs: 400 })));
    }
    await put(kv, "lasting");
    await eventually(async () => !(await kv.exists("key 2999")));
    expect(await kv.count("", callWith())).toBe(1);
  });
});

describe("watching", () => {
  async function watched(kv: RedisKeyValue, prefix = "") {
    const changes: Change[] = [];
    const ending = new AbortController();
    const started = Promise.withResolvers<void>();
    const sink = { started: () => started.resolve(), change: (change: Change) => changes.push(change) };
    const ended = kv.watch(prefix, sink, callWith(ending.signal));
    await Promise.race([started.promise, ended]);
    const end = () => {
      ending.abort();
      return ended;
    };
    return { changes, end, ended };
  }
  const line = (change: Change) =>
    `${change.kind} ${change.key}${change.kind === "set" ? ` ${change.value.toString()}` : ""}`;

  test("every kind of change comes once, in order, with its value", async () => {
    const kv = await opened.namespace();
    const { changes, end } = await watched(kv, "a");
    await kv.set({ key: "a", value: bytes("1") });
    await kv.set({ key: "b", value: bytes("not watched") });
    await kv.increment("a", 1n);
    await kv.transact({
      conditions: [],
      mutations: [
        { kind: "set", key: "a2", value: bytes("t") },
        { kind: "delete", key: "a" },
      ],
    });
    await kv.delete({ key: "a" });
    await kv.set({ key: "a3", value: bytes("brief"), ttlMs: 50 });
    await eventually(() => changes.length >= 6);
    expect(changes.map(line)).toEqual(["set a 1", "set a 2", "set a2 t", "deleted a", "set a3 brief", "expired a3"]);
    await end();
  });

  test("an expiry that nobody has swept yet is told before the write that follows it", async () => {
    const kv = await opened.namespace();
    const { changes, end } = await watched(kv);
    for (let round = 0; round < 10; round++) {
      await kv.set({ key: "k", value: bytes("brief"), ttlMs: 20 });
      await eventually(async () => !(await kv.exists("k")));
      await kv.set({ key: "k", value: bytes("lasting") });
    }
    await eventually(() => changes.length >= 30);
    expect(changes.map(line)).toEqual(
      Array.from({ length: 10 }, () => ["set k brief", "expired k", "set k lasting"]).flat(),
    );
    await end();
  });

  test("a second watcher shares the connection and outlives the first", async () => {
    const kv = await opened.namespace();
    const [first, second] = [await watched(kv), await watched(kv)];
    await put(kv, "a");
    await eventually(() => first.changes.length === 1);
    await first.end();
    await put(kv, "b");
    await eventually(() => second.changes.length === 2);
    expect([first.changes.map(line), second.changes.map(line)]).toEqual([["set a v"], ["set a v", "set b v"]]);
    await second.end();
  });

  test("what somebody else publishes on the channel ends the watch with BACKEND_FAILED, and nothing else", async () => {
    const name = randomUUID();
    const kv = await opened.namespace({ name });
    for (const garbage of ["", "?", "no change at all"]) {
      const { ended } = await watched(kv);
      await server.publish(`prism:{${name}}:changes:0`, garbage);
      expect(await reasonOf(ended)).toBe("BACKEND_FAILED");
    }
    await put(kv, "k");
    expect(await kv.exists("k")).toBe(true);
  });

  test("a watch whose connection is cut ends with BACKEND_UNAVAILABLE and not with a gap", async () => {
    const kv = await opened.namespace();
    const { ended } = await watched(kv);
    await server.call("CLIENT", "KILL", "TYPE", "pubsub");
    expect(await reasonOf(ended)).toBe("BACKEND_UNAVAILABLE");
    const again = await watched(kv);
    await put(kv, "k");
    await eventually(() => again.changes.length === 1);
    await again.end();
  });
});
