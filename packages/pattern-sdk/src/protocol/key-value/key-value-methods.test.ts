import { GrpcCode, GrpcError, type Metadata } from "@prism-data/transport";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { GatewayError } from "../../errors.js";
import { type RunningTiny, runTinyPlugin, TinyStore } from "../../host/plugin.fixture.js";
import * as wire from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage, type MessageType } from "../message.js";
import { answerBytesMax } from "../pattern/message-bounds.js";
import { gatewayErrorOf } from "../status.js";
import { wireDurability } from "../wire-durability.js";
import { durationFromMs, timestampFromMs } from "../wire-time.js";
import { watchBufferBytesMax } from "./key-value-bounds.js";

const service = "/prism.keyvalue.v1.KeyValueService";
const noBytes = new Uint8Array(0);
const key = "k";
const longKey = "x".repeat(1_025);

let tiny: RunningTiny;
beforeAll(async () => {
  tiny = await runTinyPlugin();
  const bindRequest = {
    pattern: "key-value",
    needs: [],
    needsGiven: true,
    planOnly: false,
    durability: wireDurability(undefined),
    sizeLimits: undefined,
    options: undefined,
  };
  await tiny.serve(["all"]);
  await tiny.serve([]).catch(() => undefined);
  await tiny.contract.bind({ ...bindRequest, namespace: "basic" });
  await tiny.contract.bind({ ...bindRequest, namespace: "scan", needs: ["scan", "batch", "transaction"] });
});
afterAll(async () => {
  await tiny[Symbol.asyncDispose]();
});

const token = (time: { seconds: bigint; nanos: number } | undefined, nonce: Uint8Array) => ({
  idempotencyToken: { time, nonce },
});
const set = (change: Partial<wire.SetRequest> = {}): wire.SetRequest => ({
  namespace: "all",
  key,
  value: noBytes,
  ttl: undefined,
  condition: undefined,
  idempotencyToken: undefined,
  ...change,
});
const entry = (change: Partial<wire.BatchSetEntry> = {}): wire.BatchSetEntry => {
  const { namespace: _, ...rest } = set(change);
  return rest;
};
const scan = (change: Partial<wire.ScanRequest> = {}): wire.ScanRequest => ({
  namespace: "all",
  selection: undefined,
  limit: 0,
  pageSizeBytes: 0,
  keysOnly: false,
  pageToken: "",
  ...change,
});
const setMutation = (change: Partial<wire.SetMutation> = {}): wire.Mutation => ({
  action: { $case: "set", value: { key, value: noBytes, ttl: undefined, ...change } },
});
const range = (start: string, end: string) => ({ selection: { $case: "range" as const, value: { start, end } } });

/** One call: the method's name with a request that its generated type encodes. */
type Call = readonly [method: string, message: Uint8Array];
const call = <T>(method: string, type: MessageType<T>, request: T): Call => [method, encodeMessage(type, request)];
const setCall = (change: Partial<wire.SetRequest>) => call("Set", wire.SetRequest, set(change));
const scanCall = (change: Partial<wire.ScanRequest>) => call("Scan", wire.ScanRequest, scan(change));
const batchSet = (...entries: wire.BatchSetEntry[]) =>
  call("BatchSet", wire.BatchSetRequest, { namespace: "all", entries });
const transact = (change: Partial<wire.TransactRequest>) =>
  call("Transact", wire.TransactRequest, { namespace: "all", conditions: [], mutations: [setMutation()], ...change });

const send = ([method, message]: Call, metadata: Metadata = []) =>
  tiny.client.unary(`${service}/${method}`, message, { metadata });
const answer = async <T>(type: MessageType<T>, sent: Call) => type.decode(await send(sent));
const failure = (promise: Promise<unknown>): Promise<GatewayError> =>
  promise.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: GrpcError) => gatewayErrorOf(error),
  );

describe("a wrong field", () => {
  const time = timestampFromMs(1_700_000_000_000);
  const nonce = Uint8Array.of(1);
  test.each<[string, string, Call]>([
    ["an empty namespace", "namespace", call("Get", wire.GetRequest, { namespace: "", key })],
    ["an empty key", "key", call("Get", wire.GetRequest, { namespace: "all", key: "" })],
    ["a key of 1,025 bytes", "key", call("Get", wire.GetRequest, { namespace: "all", key: longKey })],
    [
      "a key of 342 characters of 3 bytes",
      "key",
      call("Exists", wire.ExistsRequest, { namespace: "all", key: "€".repeat(342) }),
    ],
    [
      "an empty key of Delete",
      "key",
      call("Delete", wire.DeleteRequest, { namespace: "all", key: "", ifEtag: undefined }),
    ],
    [
      "an empty if_etag of Delete",
      "if_etag",
      call("Delete", wire.DeleteRequest, { namespace: "all", key, ifEtag: "" }),
    ],
    ["a ttl of 0", "ttl", setCall({ ttl: { seconds: 0n, nanos: 0 } })],
    ["a negative ttl", "ttl", setCall({ ttl: { seconds: -1n, nanos: 0 } })],
    ["a ttl of mixed signs", "ttl", setCall({ ttl: { seconds: 1n, nanos: -1 } })],
    ["a ttl of more than 10 years", "ttl", setCall({ ttl: { seconds: 315_576_001n, nanos: 0 } })],
    ["a ttl of the longest Duration", "ttl", setCall({ ttl: { seconds: 9_223_372_036_854_775_807n, nanos: 0 } })],
    ["a ttl beside the grain", "ttl", setCall({ ttl: durationFromMs(15) })],
    ["a ttl with parts of a ms", "ttl", setCall({ ttl: { seconds: 0n, nanos: 10_000_001 } })],
    ["if_absent of false", "if_absent", setCall({ condition: { $case: "ifAbsent", value: false } })],
    ["an empty if_etag", "if_etag", setCall({ condition: { $case: "ifEtag", value: "" } })],
    ["an if_etag of 129 bytes", "if_etag", setCall({ condition: { $case: "ifEtag", value: "e".repeat(129) } })],
    ["a token without time", "idempotency_token.time", setCall(token(undefined, nonce))],
    ["a token with parts of a µs", "idempotency_token.time", setCall(token({ seconds: 1n, nanos: 1 }, nonce))],
    ["a token from before 1970", "idempotency_token.time", setCall(token({ seconds: -1n, nanos: 0 }, nonce))],
    ["a token with an empty nonce", "idempotency_token.nonce", setCall(token(time, noBytes))],
    ["a token with a nonce of 17 bytes", "idempotency_token.nonce", setCall(token(time, new Uint8Array(17)))],
    ["an empty batch", "entries", batchSet()],
    [
      "a batch of 1,001",
      "keys",
      call("BatchGet", wire.BatchGetRequest, { namespace: "all", keys: new Array(1_001).fill(key) }),
    ],
    ["the fourth key of a batch", "entries[3].key", batchSet(entry(), entry(), entry(), entry({ key: "" }))],
    ["the second ttl of a batch", "entries[1].ttl", batchSet(entry(), entry({ ttl: durationFromMs(1) }))],
    [
      "the first key of a batch read",
      "keys[0]",
      call("BatchGet", wire.BatchGetRequest, { namespace: "all", keys: [""] }),
    ],
    ["a scan of 10,001", "limit", scanCall({ limit: 10_001 })],
    ["a page of 3 MiB and a byte", "page_size_bytes", scanCall({ pageSizeBytes: 3_145_729 })],
    ["a prefix of 1,025 bytes", "prefix", scanCall({ selection: { $case: "prefix", value: longKey } })],
    ["a range that ends where it starts", "range.end", scanCall(range("a", "a"))],
    ["a range against the order of UTF-8 bytes", "range.end", scanCall(range("\u{10000}", "\uffff"))],
    ["a range's start of 1,025 bytes", "range.start", scanCall(range(longKey, ""))],
    [
      "a count's prefix of 1,025 bytes",
      "prefix",
      call("Count", wire.CountRequest, { namespace: "all", prefix: longKey }),
    ],
    ["Expire without ttl", "ttl", call("Expire", wire.ExpireRequest, { namespace: "all", key, ttl: undefined })],
    ["a transaction without mutations", "mutations", transact({ mutations: [] })],
    ["1,001 conditions", "conditions", transact({ conditions: new Array(1_001).fill({ key, test: undefined }) })],
    ["a condition without test", "conditions[0].test", transact({ conditions: [{ key, test: undefined }] })],
    [
      "a condition's etag",
      "conditions[0].etag",
      transact({ conditions: [{ key, test: { $case: "etag", value: "" } }] }),
    ],
    [
      "a mutation without action",
      "mutations[1].action",
      transact({ mutations: [setMutation(), { action: undefined }] }),
    ],
    ["a mutation's key", "mutations[0].set.key", transact({ mutations: [setMutation({ key: "" })] })],
    [
      "a removal's key",
      "mutations[0].delete.key",
      transact({ mutations: [{ action: { $case: "delete", value: { key: "" } } }] }),
    ],
  ])("%s is refused by the name of %s", async (_, field, sent) => {
    const error = await failure(send(sent));
    expect(error).toMatchObject({ reason: "INVALID_FIELD", code: GrpcCode.INVALID_ARGUMENT });
    expect(error.fieldViolations.map((violation) => violation.field)).toEqual([field]);
  });

  test.each<[string, string, Call]>([
    ["a value", "value", setCall({ value: new Uint8Array(1_001) })],
    ["a value of a batch", "entries[1].value", batchSet(entry(), entry({ value: new Uint8Array(1_001) }))],
    [
      "a value of a transaction",
      "mutations[0].set.value",
      transact({ mutations: [setMutation({ value: new Uint8Array(1_001) })] }),
    ],
  ])("%s over the namespace's limit is refused with both sizes", async (_, field, sent) => {
    const error = await failure(send(sent));
    expect(error).toMatchObject({ reason: "VALUE_TOO_LARGE", metadata: { size_bytes: "1001", limit_bytes: "1000" } });
    expect(error.fieldViolations[0]?.field).toBe(field);
  });

  test.each([
    "Get",
    "Set",
    "Delete",
    "Exists",
    "BatchGet",
    "BatchSet",
    "BatchDelete",
    "Scan",
    "Count",
    "Expire",
    "Persist",
    "GetTtl",
    "Increment",
    "Transact",
  ])("bytes that are no message are refused by %s", async (method) => {
    const error = await failure(send([method, Uint8Array.of(0xff, 0xff, 0xff)]));
    expect(error).toMatchObject({ reason: "MALFORMED_MESSAGE", code: GrpcCode.INVALID_ARGUMENT });
  });
});

describe("a request at the edge of what is allowed", () => {
  test.each<[string, Call]>([
    ["a key of 1,024 bytes", setCall({ key: "x".repeat(1_024) })],
    ["a key of NUL", setCall({ key: "\u0000" })],
    ["a value of the limit", setCall({ value: new Uint8Array(1_000) })],
    ["a ttl of one grain", setCall({ ttl: durationFromMs(10) })],
    ["a ttl of 10 years", setCall({ ttl: { seconds: 315_576_000n, nanos: 0 } })],
    [
      "a token of a nonce of 16 bytes",
      setCall(token({ seconds: 253_402_300_799n, nanos: 999_999_000 }, new Uint8Array(16))),
    ],
    [
      "a batch of 1,000",
      call("BatchGet", wire.BatchGetRequest, { namespace: "all", keys: new Array(1_000).fill("no") }),
    ],
    ["an open range", scanCall(range("", ""))],
    ["a range from the last character of the plane to the next plane", scanCall(range("\uffff", "\u{10000}"))],
  ])("%s is served", async (_, sent) => {
    await send(sent);
  });
});

describe("a capability that the namespace does not have", () => {
  const basic = <T extends { namespace: string }>(method: string, type: MessageType<T>, request: T) =>
    call(method, type, { ...request, namespace: "basic" });
  const onKey = { namespace: "basic", key };
  test.each<[string, string, Call]>([
    ["BatchGet", "batch", call("BatchGet", wire.BatchGetRequest, { namespace: "basic", keys: [key] })],
    ["BatchSet", "batch", call("BatchSet", wire.BatchSetRequest, { namespace: "basic", entries: [entry()] })],
    ["BatchDelete", "batch", call("BatchDelete", wire.BatchDeleteRequest, { namespace: "basic", entries: [{ key }] })],
    ["Scan", "scan", basic("Scan", wire.ScanRequest, scan())],
    ["Scan of a range", "ordered_scan", scanCall({ namespace: "scan", ...range("a", "b") })],
    ["Count", "count", call("Count", wire.CountRequest, { namespace: "basic", prefix: "" })],
    ["Expire", "ttl", call("Expire", wire.ExpireRequest, { ...onKey, ttl: durationFromMs(10) })],
    ["Persist", "ttl", call("Persist", wire.PersistRequest, onKey)],
    ["GetTtl", "ttl", call("GetTtl", wire.GetTtlRequest, onKey)],
    ["Increment", "counter", call("Increment", wire.IncrementRequest, { ...onKey, delta: 1n })],
    [
      "Transact",
      "transaction",
      basic("Transact", wire.TransactRequest, { namespace: "", conditions: [], mutations: [] }),
    ],
    ["Set with ttl", "ttl", setCall({ namespace: "basic", ttl: durationFromMs(10) })],
    [
      "Set with if_absent",
      "conditional",
      setCall({ namespace: "basic", condition: { $case: "ifAbsent", value: true } }),
    ],
    ["Set with if_etag", "conditional", setCall({ namespace: "basic", condition: { $case: "ifEtag", value: "e" } })],
    ["Delete with if_etag", "conditional", call("Delete", wire.DeleteRequest, { ...onKey, ifEtag: "e" })],
    [
      "a batch with ttl",
      "ttl",
      call("BatchSet", wire.BatchSetRequest, { namespace: "scan", entries: [entry({ ttl: durationFromMs(10) })] }),
    ],
    [
      "a transaction with ttl",
      "ttl",
      call("Transact", wire.TransactRequest, {
        namespace: "scan",
        conditions: [],
        mutations: [setMutation({ ttl: durationFromMs(10) })],
      }),
    ],
  ])("%s is refused and names %s, what there is and what to do", async (_, capability, sent) => {
    const error = await failure(send(sent));
    expect(error).toMatchObject({ reason: "CAPABILITY_MISSING", code: GrpcCode.UNIMPLEMENTED });
    expect(error.metadata).toMatchObject({ capability });
    expect(error.message).toMatch(
      /it has (none beyond Get, Set, Delete and Exists|batch, scan, transaction)\. .*needs/,
    );
  });
});

describe("the namespace that the proxy resolved", () => {
  const get = (namespace: string) => call("Get", wire.GetRequest, { namespace, key });

  test.each([
    ["all", "all"],
    ["a%20b", "a b"],
    ["a%2520b", "a%20b"],
    ["%D0%BA", "к"],
  ])("as %s is the message's %j", async (header, namespace) => {
    const served = failure(send(get(namespace), [["prism-namespace", header]])).catch(() => undefined);
    expect((await served)?.reason).toBe(namespace === "all" ? undefined : "NAMESPACE_NOT_FOUND");
  });

  test.each([
    ["basic", "all"],
    ["a%20b", "a%20b"],
    ["%zz", "%zz"],
  ])("as %s is not the message's %j", async (header, namespace) => {
    const error = await failure(send(get(namespace), [["prism-namespace", header]]));
    expect(error).toMatchObject({ reason: "INVALID_FIELD", fieldViolations: [{ field: "namespace" }] });
  });
});

describe("an answer", () => {
  test("carries a value, its etag and nothing that is not there", async () => {
    const { etag } = await answer(wire.SetResponse, setCall({ key: "answer", value: Uint8Array.of(0, 255) }));
    const got = await answer(wire.GetResponse, call("Get", wire.GetRequest, { namespace: "all", key: "answer" }));
    expect({ ...got, value: [...got.value] }).toEqual({ found: true, value: [0, 255], etag, expireTime: undefined });
    const missing = await answer(wire.GetResponse, call("Get", wire.GetRequest, { namespace: "all", key: "missing" }));
    expect(missing).toMatchObject({ found: false, etag: "", expireTime: undefined });
  });

  test("of the store's own error keeps its reason and facts", async () => {
    await send(setCall({ key: "taken" }));
    const error = await failure(send(setCall({ key: "taken", condition: { $case: "ifAbsent", value: true } })));
    expect(error).toMatchObject({ reason: "KEY_EXISTS", code: GrpcCode.ALREADY_EXISTS, metadata: { key: "taken" } });
  });

  test("of a batch has each entry's own outcome, in order", async () => {
    await send(setCall({ key: "b2" }));
    const ifAbsent = { $case: "ifAbsent" as const, value: true };
    const { results } = await answer(
      wire.BatchSetResponse,
      batchSet(entry({ key: "b1" }), entry({ key: "b2", condition: ifAbsent }), entry({ key: "b3" })),
    );
    expect(results.map(({ outcome }) => outcome?.$case)).toEqual(["entry", "error", "entry"]);
    expect(results[1]?.outcome).toMatchObject({ value: { code: GrpcCode.ALREADY_EXISTS } });
  });

  test("of GetTtl, Expire, Increment, Transact and Count says what the store said", async () => {
    await send(setCall({ key: "t" }));
    const onKey = { namespace: "all", key: "t" };
    expect(await answer(wire.GetTtlResponse, call("GetTtl", wire.GetTtlRequest, onKey))).toEqual({
      found: true,
      ttl: durationFromMs(1_500),
      expireTime: timestampFromMs(1_700_000_000_000),
    });
    expect(
      await answer(wire.ExpireResponse, call("Expire", wire.ExpireRequest, { ...onKey, ttl: durationFromMs(20) })),
    ).toEqual({ found: true, expireTime: timestampFromMs(20) });
    const delta = -9_223_372_036_854_775_808n;
    expect(await answer(wire.IncrementResponse, call("Increment", wire.IncrementRequest, { ...onKey, delta }))).toEqual(
      { value: delta, etag: "counted" },
    );
    const removal: wire.Mutation = { action: { $case: "delete", value: { key } } };
    expect(await answer(wire.TransactResponse, transact({ mutations: [setMutation(), removal] }))).toEqual({
      results: [{ etag: "set" }, { existed: true }].map((result) => expect.objectContaining(result)),
    });
    const { count } = await answer(
      wire.CountResponse,
      call("Count", wire.CountRequest, { namespace: "all", prefix: "" }),
    );
    expect(count).toBe(BigInt(tiny.inside.stores.get("all")!.entries.size));
  });

  test("of a scan goes on with its token, and only with the same selection", async () => {
    const small = scan({ namespace: "scan", limit: 2, keysOnly: true });
    for (const name of ["a", "b", "c"]) await send(setCall({ namespace: "scan", key: name, value: Uint8Array.of(1) }));
    const first = await answer(wire.ScanResponse, scanCall(small));
    expect(first.entries.map((each) => [each.key, each.value.length])).toEqual([
      ["a", 0],
      ["b", 0],
    ]);
    const second = await answer(wire.ScanResponse, scanCall({ ...small, pageToken: first.nextPageToken }));
    expect(second).toMatchObject({ entries: [{ key: "c" }], nextPageToken: "" });
    const foreign = scanCall({ ...small, keysOnly: false, pageToken: first.nextPageToken });
    expect(await failure(send(foreign))).toMatchObject({
      reason: "INVALID_PAGE_TOKEN",
      code: GrpcCode.INVALID_ARGUMENT,
    });
  });
});

test("a batch read leaves out what does not fit into one message, and says so for each key", async () => {
  const big = { value: new Uint8Array(1_048_576), etag: "e" };
  const store = new TinyStore();
  for (const name of ["a", "b", "c", "d", "e"]) store.entries.set(name, big);
  store.entries.set("small", { value: Uint8Array.of(1), etag: "e" });
  await using running = await runTinyPlugin({
    open: () => ({ keyValue: { bind: () => ({ pattern: store }), deleteData: () => [] }, close: () => undefined }),
  });
  await running.serve(["all"]);
  const [method, message] = call("BatchGet", wire.BatchGetRequest, {
    namespace: "all",
    keys: ["a", "b", "c", "d", "small"],
  });
  const bytes = await running.client.unary(`${service}/${method}`, message);
  expect(bytes.length).toBeLessThanOrEqual(answerBytesMax);
  const { results } = wire.BatchGetResponse.decode(bytes);
  expect(results.map(({ outcome }) => outcome?.$case)).toEqual(["entry", "entry", "entry", "error", "entry"]);
  expect(results[3]?.outcome).toMatchObject({ value: { code: GrpcCode.RESOURCE_EXHAUSTED } });
});

describe("a watch", () => {
  const watch = (namespace: string, prefix = "") => {
    const stream = tiny.client.stream(`${service}/Watch`);
    stream.write(encodeMessage(wire.WatchRequest, { namespace, prefix }));
    return { stream, events: stream.messages()[Symbol.asyncIterator]() };
  };
  const next = async ({ events }: ReturnType<typeof watch>) => {
    const { value } = await events.next();
    return value === undefined ? undefined : wire.WatchResponse.decode(value).event;
  };

  test("starts, sends each change of its prefix, and ends when the caller leaves", async () => {
    const store = tiny.inside.stores.get("all")!;
    const watching = watch("all", "w:");
    expect(await next(watching)).toMatchObject({ $case: "started" });
    await send(setCall({ key: "other" }));
    await send(setCall({ key: "w:1", value: Uint8Array.of(9) }));
    store.publish({ kind: "deleted", key: "w:1" });
    store.publish({ kind: "expired", key: "w:2" });
    expect(await next(watching)).toMatchObject({ value: { kind: wire.ChangeKind.SET, key: "w:1" } });
    expect(await next(watching)).toMatchObject({ value: { kind: wire.ChangeKind.DELETED, key: "w:1", etag: "" } });
    expect(await next(watching)).toMatchObject({ value: { kind: wire.ChangeKind.EXPIRED, key: "w:2" } });
    watching.stream.cancel();
    await expect.poll(() => store.watchers.size).toBe(0);
  });

  test("needs its capability", async () => {
    const error = await failure(watch("basic").events.next());
    expect(error).toMatchObject({ reason: "CAPABILITY_MISSING", metadata: { capability: "watch" } });
  });

  test("ends with WATCH_OVERFLOW when its reader falls too far behind, and keeps nothing", async () => {
    const store = tiny.inside.stores.get("all")!;
    const watching = watch("all");
    await next(watching);
    const value = new Uint8Array(1_048_576);
    for (let sent = 0; sent < watchBufferBytesMax * 4; sent += value.length) {
      store.publish({ kind: "set", key, value, etag: "e" });
    }
    await expect.poll(() => store.watchers.size).toBe(0);
    const drained = (async () => {
      for (;;) await watching.events.next();
    })();
    expect(await failure(drained)).toMatchObject({ reason: "WATCH_OVERFLOW", code: GrpcCode.RESOURCE_EXHAUSTED });
  });
});

test("an error is always a GrpcError with details", async () => {
  const error = await send(setCall({ key: "" })).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(GrpcError);
  expect((error as GrpcError).details?.length).toBeGreaterThan(0);
});
