import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type GatewayError, gatewayErrorOf, keyvalue } from "@prism-data/pattern-sdk/protocol";
import {
  frameMessage,
  GrpcCode,
  GrpcError,
  type GrpcMethod,
  type HeaderList,
  Http2ErrorCode,
  headerValue,
  type StreamingServerCall,
} from "@prism-data/transport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cancelsBurst, grownUpstreamWindowBytes } from "./limits.js";
import { allOf, type FakePlugin, TestBench, unary, until } from "./test-bench.js";

const service = "/prism.keyvalue.v1.KeyValueService";
const get = `${service}/Get`;
const set = `${service}/Set`;
const watch = `${service}/Watch`;
const batchGet = `${service}/BatchGet`;

const getRequest = (namespace = "demo", key = "k") => keyvalue.GetRequest.encode({ namespace, key }).finish();
const setRequest = (withToken: boolean) => {
  const writer = new BinaryWriter().tag(1, 2).string("demo").tag(2, 2).string("k").tag(3, 2).bytes(new Uint8Array(9));
  if (withToken) writer.tag(7, 2).bytes(new BinaryWriter().tag(2, 2).bytes(new Uint8Array(16)).finish());
  return writer.finish();
};
const answerBytes = new Uint8Array([8, 1]);
const never = new Promise<never>(() => {});

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
  bench.route({ demo: {}, other: {} });
});
afterEach(() => bench.close());

async function failure(call: Promise<unknown>): Promise<GatewayError> {
  const outcome = await call.then(
    () => "an answer",
    (error: unknown) => error,
  );
  if (!(outcome instanceof GrpcError)) throw new Error(`expected a failure, got ${outcome}`);
  return gatewayErrorOf(outcome);
}

describe("a call is forwarded", () => {
  test("with its bytes untouched both ways", async () => {
    let received: Uint8Array | undefined;
    await bench.plugin({
      [get]: unary((message) => {
        received = Buffer.from(message);
        return answerBytes;
      }),
    });
    const client = await bench.client();
    const request = new BinaryWriter().tag(2, 2).string("k").tag(1, 2).string("demo").tag(99, 0).uint32(7).finish();
    expect(await client.unary(get, request)).toEqual(Buffer.from(answerBytes));
    expect(received).toEqual(Buffer.from(request));
  });

  test("with the caller's metadata, and what the plugin contract adds to it", async () => {
    let headers: HeaderList = [];
    await bench.plugin(
      {
        [get]: unary((_message, call) => {
          headers = call.metadata;
          call.setHeaders([["x-plugin", "header"]]);
          call.setTrailers([["x-plugin-bin", new Uint8Array([1, 2])]]);
          return answerBytes;
        }),
      },
      { token: "s3cret" },
    );
    bench.route({ "größe %": { timeoutMs: 2_000 } });
    const client = await bench.client();
    const call = client.stream(get, {
      metadata: [
        ["x-app", "value"],
        ["x-app-bin", new Uint8Array([255, 0])],
        ["authorization", "Bearer of the app"],
        ["prism-namespace", "smuggled"],
        ["prism-principal", "smuggled"],
        ["x-request-id", "r-1"],
      ],
      timeoutMs: 60_000,
    });
    call.write(getRequest("größe %"));
    call.end();
    expect(await allOf(call.messages())).toHaveLength(1);
    expect(headerValue(await call.headers, "x-plugin")).toBe("header");
    expect(headerValue(await call.trailers, "x-plugin-bin")).toBe("AQI");
    expect(Object.fromEntries(pairs(headers))).toEqual({
      ":method": "POST",
      ":scheme": "http",
      ":path": get,
      ":authority": "localhost",
      te: "trailers",
      "content-type": "application/grpc",
      authorization: "Bearer s3cret",
      "prism-namespace": "gr%C3%B6%C3%9Fe%20%25",
      "prism-request-id": "r-1",
      "grpc-timeout": expect.stringMatching(/^\d+[mu]$/),
      "x-app": "value",
      "x-app-bin": "/wA",
    });
  });

  test.each(["gRPC", "HTTP/JSON"])(
    "and its plugin is told who the connection was verified to belong to, over %s",
    async (api) => {
      const seen: (string | undefined)[] = [];
      await bench.plugin({
        [get]: unary((_message, call) => {
          seen.push(headerValue(call.metadata, "prism-principal"));
          return answerBytes;
        }),
      });
      bench.route({ demo: {} });
      bench.principal = "spiffe://acme.org/orders";
      if (api === "gRPC") {
        const client = await bench.client();
        await client.unary(get, getRequest("demo"), { metadata: [["prism-principal", "spiffe://acme.org/admin"]] });
      } else {
        const { port } = await bench.listen();
        const headers = { "content-type": "application/json", "prism-principal": "spiffe://acme.org/admin" };
        await fetch(`http://127.0.0.1:${port}${get}`, {
          method: "POST",
          headers,
          body: '{"namespace":"demo","key":"k"}',
        });
      }
      expect(seen).toEqual([encodeURIComponent("spiffe://acme.org/orders")]);
    },
  );

  test("and the plugin's status and details are passed on untouched", async () => {
    await bench.plugin({
      [get]: unary(() => {
        throw new GrpcError({
          code: 9,
          message: "größe\n%",
          details: new Uint8Array([8, 9]),
          metadata: [["x-why", "that"]],
        });
      }),
    });
    const client = await bench.client();
    const error = await client.unary(get, getRequest()).catch((thrown: GrpcError) => thrown);
    expect(error).toMatchObject({
      code: 9,
      message: "größe\n%",
      details: Buffer.from([8, 9]),
      metadata: [["x-why", "that"]],
    });
  });

  test("with messages of 4 MiB both ways, 16 at once", async () => {
    await bench.plugin({ [set]: unary((message) => message) });
    const client = await bench.client();
    const value = Buffer.alloc(4 * 1024 * 1024 - 20, "v");
    const request = new BinaryWriter().tag(1, 2).string("demo").tag(3, 2).bytes(value).finish();
    const answers = await Promise.all(Array.from({ length: 16 }, () => client.unary(set, request)));
    for (const answer of answers) expect(Buffer.compare(answer, request)).toBe(0);
  });

  test("when its namespace stands behind a value that is larger than the window", async () => {
    await bench.plugin({ [set]: unary((message) => message.subarray(0, 4)) });
    const client = await bench.client();
    const request = new BinaryWriter().tag(3, 2).bytes(new Uint8Array(2_000_000)).tag(1, 2).string("demo").finish();
    expect(await client.unary(set, request)).toHaveLength(4);
  });

  test("as a stream, message by message, in order", async () => {
    await bench.plugin({
      [watch]: {
        kind: "stream",
        async handle(call) {
          for (let n = 0; n < 20_000; n += 1) if (!call.write(Buffer.from(String(n)))) await call.writable();
        },
      },
    });
    const call = (await bench.client()).stream(watch);
    call.write(getRequest());
    call.end();
    const received = (await allOf(call.messages())).map((message) => Number(Buffer.from(message)));
    expect(received).toEqual(Array.from({ length: 20_000 }, (_, n) => n));
  });
});

describe("a service that is routed whole", () => {
  const echo = "/acme.echo.v1.EchoService/Chat";
  const echoes: GrpcMethod = {
    kind: "stream",
    async handle(call: StreamingServerCall) {
      call.sendHeaders();
      for await (const message of call.messages()) call.write(Buffer.from(message));
    },
  };

  test("is reached before any message, and carries messages both ways", async () => {
    bench.route({}, { "acme.echo.v1.EchoService": "store" });
    await bench.plugin({ [echo]: echoes });
    const call = (await bench.client()).stream(echo);
    await call.headers;
    const messages = call.messages()[Symbol.asyncIterator]();
    for (const text of ["", "not a protobuf", "last"]) {
      call.write(Buffer.from(text));
      expect(Buffer.from((await messages.next()).value ?? []).toString()).toBe(text);
    }
    call.end();
    expect((await messages.next()).done).toBe(true);
  });
});

describe("a call is refused", () => {
  beforeEach(async () => {
    bench.route({
      demo: {},
      queue: { pattern: "queue" },
      waits: { state: "pending", reason: "the backend is starting" },
      broken: { state: "failed", reason: "no such capability: watch" },
    });
    await bench.plugin({ [get]: unary(() => answerBytes) });
  });

  const refusals: [string, string, Uint8Array, string, RegExp][] = [
    [
      "for an unknown namespace, naming those that exist",
      get,
      getRequest("dmeo"),
      "NAMESPACE_NOT_FOUND",
      /demo, queue/,
    ],
    [
      "for a namespace of another pattern",
      get,
      getRequest("queue"),
      "PATTERN_MISMATCH",
      /queue.*key-value: broken, demo, waits/,
    ],
    [
      "for a namespace that a running plugin has not bound yet",
      get,
      getRequest("waits"),
      "NAMESPACE_UNAVAILABLE",
      /the backend is starting/,
    ],
    [
      "for a namespace that could not be bound",
      get,
      getRequest("broken"),
      "NAMESPACE_UNAVAILABLE",
      /no such capability/,
    ],
    ["without a namespace", get, new Uint8Array(0), "INVALID_FIELD", /namespace/],
    ["with bytes that are no message", get, new Uint8Array([255, 255]), "MALFORMED_MESSAGE", /request message/],
    ["for an unknown method", `${service}/Git`, getRequest(), "METHOD_NOT_FOUND", /KeyValueService has no method Git/],
    ["for an unknown service", "/a.B/C", getRequest(), "METHOD_NOT_FOUND", /prism\.keyvalue\.v1\.KeyValueService/],
    [
      "for the plugin contract",
      "/prism.plugin.v1.PluginService/Describe",
      getRequest(),
      "METHOD_NOT_FOUND",
      /Describe/,
    ],
  ];
  test.each(refusals)("%s", async (_name, path, request, reason, message) => {
    const error = await failure((await bench.client()).unary(path, request));
    expect(error).toMatchObject({ reason, message: expect.stringMatching(message) });
  });

  test("when its message announces too many bytes, before they come", async () => {
    const events = collector();
    const client = await bench.client();
    const stream = client.connection.request(requestHeaders(get), false, events);
    stream.sendData(Buffer.from([0, 0xff, 0, 0, 0]), false);
    await until(() => events.ended);
    expect(headerValue(events.headers, "grpc-status")).toBe(String(GrpcCode.RESOURCE_EXHAUSTED));
  });

  test.each([
    ["a compressed message", ["grpc-encoding", "gzip"], 0],
    ["a message that is flagged as compressed", [], 1],
  ])("for %s, saying what is accepted", async (_name, headers, flag) => {
    const events = collector();
    const client = await bench.client();
    const stream = client.connection.request([...requestHeaders(get), ...headers], false, events);
    stream.sendData(Buffer.concat([Buffer.from([flag, 0, 0, 0, 6, 0x0a, 4]), Buffer.from("demo")]), true);
    await until(() => events.ended);
    expect(headerValue(events.headers, "grpc-status")).toBe(String(GrpcCode.UNIMPLEMENTED));
    expect(headerValue(events.headers, "grpc-accept-encoding")).toBe("identity");
  });

  test("for a malformed timeout", async () => {
    const events = collector();
    (await bench.client()).connection.request([...requestHeaders(get), "grpc-timeout", "soon"], true, events);
    await until(() => events.ended);
    expect(headerValue(events.headers, "grpc-status")).toBe(String(GrpcCode.INVALID_ARGUMENT));
  });

  test("above the bound on calls in flight, with advice when to retry", async () => {
    await bench.close();
    bench = new TestBench({ callsInFlight: 2 });
    bench.route({ demo: {} });
    await bench.plugin({ [get]: unary(() => never) });
    const client = await bench.client();
    for (let n = 0; n < 2; n += 1) client.unary(get, getRequest()).catch(() => {});
    const error = await failure(client.unary(get, getRequest()));
    expect(error).toMatchObject({ reason: "OVERLOADED", retryAfterMs: 100 });
  });
});

describe("a deadline", () => {
  test("of the caller ends the call on time although the plugin ignores it, and the plugin is told", async () => {
    const aborted = Promise.withResolvers<void>();
    await bench.plugin({
      [get]: unary((_message, call) => {
        call.signal.addEventListener("abort", () => aborted.resolve());
        return never;
      }),
    });
    const events = collector();
    const client = await bench.client();
    await client.unary(get, getRequest("other", "warm up"), { timeoutMs: 1 }).catch(() => {});
    const startedMs = performance.now();
    const stream = client.connection.request([...requestHeaders(get), "grpc-timeout", "100m"], false, events);
    stream.sendData(Buffer.concat([Buffer.from([0, 0, 0, 0, 6, 0x0a, 4]), Buffer.from("demo")]), true);
    await until(() => events.ended);
    const tookMs = performance.now() - startedMs;
    expect(headerValue(events.headers, "grpc-status")).toBe(String(GrpcCode.DEADLINE_EXCEEDED));
    expect(tookMs).toBeGreaterThanOrEqual(99);
    expect(tookMs).toBeLessThan(400);
    await aborted.promise;
  });

  test("is told as passed when the plugin notices first and only resets the stream, as grpc-go's server does", async () => {
    const folder = mkdtempSync(join(tmpdir(), "prism-test-"));
    const socket = join(folder, "socket");
    const plugin = createServer().on("stream", (stream, headers) => {
      const timeoutMs = Number.parseInt(String(headers["grpc-timeout"]), 10);
      setTimeout(() => stream.close(Http2ErrorCode.CANCEL), timeoutMs + 1);
    });
    await new Promise<void>((resolve) => plugin.listen(socket, resolve));
    const instance = { backend: "store", instance: 1, replica: 1 };
    bench.send({ type: "backend-ready", ...instance, socket, token: undefined, takesCancels: true });
    bench.send({ type: "namespaces-tried", backend: "store", instance: 1 });
    const client = await bench.client();
    // At different moments between two looks at the clock.
    const calls = Array.from({ length: 20 }, (_, n) => {
      const events = collector();
      const headers = [...requestHeaders(get), "grpc-timeout", `${100 + n}m`];
      client.connection.request(headers, false, events).sendData(frameMessage(getRequest()), true);
      return events;
    });
    await until(() => calls.every(({ ended }) => ended));
    const codes = calls.map(({ headers }) => Number(headerValue(headers, "grpc-status")));
    expect(codes).toEqual(calls.map(() => GrpcCode.DEADLINE_EXCEEDED));
    plugin.close();
    rmSync(folder, { recursive: true });
  });

  test("on a plugin's own service is told without details, as its server would tell it", async () => {
    bench.route({}, { "acme.echo.v1.EchoService": "store" });
    const echo = "/acme.echo.v1.EchoService/Echo";
    await bench.plugin({ [echo]: unary(() => never) });
    const events = collector();
    const client = await bench.client();
    const headers = [...requestHeaders(echo), "grpc-timeout", "20m"];
    client.connection.request(headers, false, events).sendData(frameMessage(answerBytes), true);
    await until(() => events.ended);
    expect(headerValue(events.headers, "grpc-status")).toBe(String(GrpcCode.DEADLINE_EXCEEDED));
    expect(headerValue(events.headers, "grpc-status-details-bin")).toBeUndefined();
  });

  test("of the namespace ends a unary call that has none", async () => {
    bench.route({ demo: { timeoutMs: 50 } });
    await bench.plugin({ [get]: unary(() => never) });
    const client = await bench.client();
    expect(await failure(client.unary(get, getRequest()))).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  });

  test("of the caller counts in place of the namespace's, also when it is later", async () => {
    bench.route({ demo: { timeoutMs: 1 } });
    const release = Promise.withResolvers<Uint8Array>();
    await bench.plugin({ [get]: unary(() => release.promise) });
    const client = await bench.client();
    const call = client.unary(get, getRequest(), { timeoutMs: 9_000 });
    expect(await failure(client.unary(get, getRequest()))).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    release.resolve(answerBytes);
    expect(await call).toEqual(Buffer.from(answerBytes));
  });

  test("of the namespace leaves a stream alone", async () => {
    bench.route({ demo: { timeoutMs: 20 } });
    const release = Promise.withResolvers<void>();
    await bench.plugin({
      [watch]: {
        kind: "stream",
        async handle(call) {
          await release.promise;
          call.write(answerBytes);
        },
      },
      [get]: unary(() => never),
    });
    const client = await bench.client();
    const call = client.stream(watch);
    call.write(getRequest());
    call.end();
    await failure(client.unary(get, getRequest()));
    release.resolve();
    expect(await allOf(call.messages())).toHaveLength(1);
  });
});

describe("backpressure", () => {
  test("reaches the plugin when the app does not read, and other calls go on", async () => {
    let written = 0;
    await bench.plugin({
      [watch]: {
        kind: "stream",
        async handle(call) {
          for (;;) {
            written += 64 * 1024;
            if (!call.write(new Uint8Array(64 * 1024))) await call.writable();
          }
        },
      },
      [get]: unary(() => answerBytes),
    });
    const client = await bench.client();
    const slow = client.stream(watch);
    slow.write(getRequest());
    slow.end();
    await slow.headers;
    let before = -1;
    while (before !== written) {
      before = written;
      for (let n = 0; n < 20; n += 1) await client.unary(get, getRequest());
    }
    // Windows and high-water marks of two connections; the plugin would write without end.
    expect(written).toBeLessThan(4 * 1024 * 1024);
    slow.cancel();
  });

  test("lets the plugin send further ahead of an app that has read all that came", async () => {
    const kib = 1024;
    let written = 0;
    await bench.plugin({
      [watch]: {
        kind: "stream",
        async handle(call) {
          for (;;) {
            written += 64 * kib;
            if (!call.write(new Uint8Array(64 * kib))) await call.writable();
          }
        },
      },
    });
    // It takes all of the first piece. With what each connection keeps back, that is less than the window which is expected.
    const client = await bench.client({ streamWindowBytes: 128 * kib });
    client.connection.request(requestHeaders(watch), false, collector()).sendData(frameMessage(getRequest()), true);
    // The window, and what does not fit in it any more.
    await until(() => written > grownUpstreamWindowBytes);
  });

  test("lets an app that does not read wait for itself, and serves the others", async () => {
    await bench.close();
    bench = new TestBench({ unreadBytes: 1024 * 1024 });
    bench.route({ demo: {} });
    const answer = new Uint8Array(3 * 1024 * 1024);
    await bench.plugin({ [batchGet]: unary(() => answer), [get]: unary(() => answerBytes) });
    await bench.listen();
    const silent = await bench.client({ streamWindowBytes: 0 });
    const events = Array.from({ length: 20 }, () => collector());
    for (const each of events) {
      silent.connection.request(requestHeaders(batchGet), false, each).sendData(frameMessage(getRequest()), true);
    }
    await until(() => events.some(({ headers }) => headers.length > 0));
    const reader = await bench.client();
    for (let n = 0; n < 10; n += 1) {
      expect(await reader.unary(batchGet, getRequest())).toHaveLength(answer.length);
      expect(await reader.unary(get, getRequest())).toEqual(Buffer.from(answerBytes));
    }
    expect(events.filter(({ headers }) => headers.length > 0)).toHaveLength(1);
    expect(events.filter(({ resetWith }) => resetWith !== undefined)).toEqual([]);
  });

  test("lets a burst of large answers wait for its turn, and completes it", async () => {
    await bench.close();
    bench = new TestBench({ unreadBytes: 1024 * 1024 });
    bench.route({ demo: {} });
    const answer = new Uint8Array(1024 * 1024);
    await bench.plugin({ [batchGet]: unary(async () => answer) });
    const client = await bench.client();
    const answers = await Promise.all(Array.from({ length: 100 }, () => client.unary(batchGet, getRequest())));
    expect(answers.map(({ length }) => length)).toEqual(Array(100).fill(answer.length));
  });

  test("ends a call that waits for its own app at its deadline, saying so", async () => {
    await bench.close();
    bench = new TestBench({ unreadBytes: 1024 * 1024 });
    bench.route({ demo: {}, quick: { timeoutMs: 100 } });
    await bench.plugin({ [batchGet]: unary(() => new Uint8Array(3 * 1024 * 1024)) });
    await bench.listen();
    const silent = await bench.client({ streamWindowBytes: 0 });
    const unread = collector();
    silent.connection.request(requestHeaders(batchGet), false, unread).sendData(frameMessage(getRequest()), true);
    await until(() => unread.headers.length > 0);
    const error = await failure(silent.unary(get, getRequest("quick")));
    expect(error.reason).toBe("DEADLINE_EXCEEDED");
    expect(error.message).toContain("its app to read earlier answers");
  });

  test("reaches the app when the plugin does not read", async () => {
    bench.route({}, { "acme.Sink": "store" });
    await bench.plugin({ "/acme.Sink/Pour": { kind: "stream", handle: () => never } });
    const client = await bench.client();
    const call = client.stream("/acme.Sink/Pour");
    let sent = 0;
    while (call.write(new Uint8Array(64 * 1024))) sent += 64 * 1024;
    await until(() => client.connection.streamsOpen === 1);
    for (let round = 0; round < 50; round += 1) {
      await client.ping(1_000);
      while (call.bufferedBytes < 64 * 1024) {
        call.write(new Uint8Array(64 * 1024));
        sent += 64 * 1024;
      }
    }
    expect(sent).toBeLessThan(8 * 1024 * 1024);
    call.cancel();
  });
});

describe("a cancelled call", () => {
  test("is cancelled at the plugin", async () => {
    const started = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    await bench.plugin({
      [get]: unary((_message, call) => {
        call.signal.addEventListener("abort", () => aborted.resolve());
        started.resolve();
        return never;
      }),
    });
    const cancel = new AbortController();
    const call = (await bench.client()).unary(get, getRequest(), { signal: cancel.signal });
    call.catch(() => {});
    await started.promise;
    cancel.abort();
    await aborted.promise;
    await until(() => bench.dataPath.callsInFlight === 0);
    expect(bench.metrics.call({ namespace: "demo", pattern: "key-value", method: "Get" }).countByCode[1]).toBe(1);
  });

  test("is cancelled at the plugin when the app's connection is lost", async () => {
    const started = Promise.withResolvers<void>();
    const aborted = Promise.withResolvers<void>();
    await bench.plugin({
      [get]: unary((_message, call) => {
        call.signal.addEventListener("abort", () => aborted.resolve());
        started.resolve();
        return never;
      }),
    });
    const client = await bench.client();
    client.unary(get, getRequest()).catch(() => {});
    await started.promise;
    client.connection.destroy();
    await aborted.promise;
  });
});

describe("of several replicas", () => {
  const answers: Record<string, GrpcMethod> = { [get]: unary(() => answerBytes), [set]: unary(() => answerBytes) };
  const setOf = (key: string) =>
    keyvalue.SetRequest.encode({ ...keyvalue.SetRequest.decode(new Uint8Array()), namespace: "demo", key }).finish();

  async function replicas(count: number, methods = answers): Promise<FakePlugin[]> {
    const started = [];
    for (let replica = 1; replica <= count; replica += 1) started.push(await bench.plugin(methods, { replica }));
    return started;
  }

  test("each gets its share of the reads", async () => {
    const started = await replicas(3);
    const client = await bench.client();
    await client.unary(get, getRequest());
    await until(() => bench.told.filter(({ type }) => type === "instance-connected").length === 3);
    for (let call = 0; call < 30; call += 1) await client.unary(get, getRequest());
    for (const plugin of started) expect(plugin.called.length).toBeGreaterThanOrEqual(10);
  });

  test("the one with fewer calls in flight gets the next, so that one that hangs gets no more", async () => {
    const release = Promise.withResolvers<Uint8Array>();
    const [hangs, works] = await Promise.all([
      bench.plugin({ [get]: unary(() => release.promise) }, { instance: 1, replica: 1 }),
      bench.plugin(answers, { instance: 2, replica: 2 }),
    ]);
    const client = await bench.client();
    await until(() => bench.told.filter(({ type }) => type === "instance-connected").length === 2);
    const first = [client.unary(get, getRequest()), client.unary(get, getRequest())];
    await until(() => hangs.called.length === 1);
    for (let call = 0; call < 10; call += 1) await client.unary(get, getRequest());
    expect(hangs.called).toHaveLength(1);
    expect(works.called).toHaveLength(11);
    release.resolve(answerBytes);
    await Promise.all(first);
  });

  test("changes of one key go to one, those of many keys to all", async () => {
    const started = await replicas(3);
    const client = await bench.client();
    await client.unary(get, getRequest());
    await until(() => bench.told.filter(({ type }) => type === "instance-connected").length === 3);
    const setsOf = () => started.map(({ called }) => called.filter((path) => path === set).length);
    for (let call = 0; call < 9; call += 1) await client.unary(set, setOf("k"));
    expect(setsOf().sort()).toEqual([0, 0, 9]);
    for (let key = 0; key < 60; key += 1) await client.unary(set, setOf(`key-${key}`));
    for (const count of setsOf()) expect(count).toBeGreaterThanOrEqual(10);
  });

  test("the others take what a crashed one held, where it may be sent again, and all that comes", async () => {
    const holding = await bench.plugin({ [get]: unary(() => never) }, { replica: 1 });
    const client = await bench.client();
    const held = client.unary(get, getRequest());
    await until(() => holding.called.length === 1);
    const other = await bench.plugin(answers, { replica: 2 });
    await until(() => bench.told.filter(({ type }) => type === "instance-connected").length === 2);
    holding.crash();
    expect(await held).toEqual(Buffer.from(answerBytes));
    bench.gone(holding, "crashed");
    await client.unary(set, setRequest(false));
    expect(other.called).toEqual([get, set]);
  });

  test("one that is replaced finishes its calls, and its place is taken by the new process alone", async () => {
    const release = Promise.withResolvers<Uint8Array>();
    const old = await bench.plugin({ [get]: unary(() => release.promise) }, { replica: 1 });
    const client = await bench.client();
    const held = client.unary(get, getRequest());
    await until(() => old.called.length === 1);
    const next = await bench.plugin(answers, { replica: 1 });
    await until(() => bench.told.filter(({ type }) => type === "instance-connected").length === 2);
    for (let call = 0; call < 5; call += 1) await client.unary(get, getRequest());
    expect(old.called).toHaveLength(1);
    expect(next.called).toHaveLength(5);
    release.resolve(answerBytes);
    await held;
  });
});

describe("when a plugin crashes", () => {
  const holds: Record<string, GrpcMethod> = {
    [get]: unary(() => never),
    [set]: unary(() => never),
    [watch]: {
      kind: "stream",
      async handle(call) {
        call.write(answerBytes);
        await never;
      },
    },
  };

  async function holding(plugin: FakePlugin, path: string): Promise<void> {
    await until(() => plugin.called.includes(path));
  }

  test("a write ends with PLUGIN_CRASHED at once, with advice when to retry", async () => {
    const plugin = await bench.plugin(holds);
    const call = (await bench.client()).unary(set, setRequest(false));
    await holding(plugin, set);
    const startedMs = performance.now();
    plugin.crash();
    const error = await failure(call);
    expect(error).toMatchObject({ reason: "PLUGIN_CRASHED", retryAfterMs: expect.any(Number) });
    expect(performance.now() - startedMs).toBeLessThan(100);
  });

  test.each([
    ["a read", get, getRequest()],
    ["a write with an idempotency token", set, setRequest(true)],
  ])("%s is sent again to the next process", async (_name, path, request) => {
    const plugin = await bench.plugin(holds);
    const call = (await bench.client()).unary(path, request);
    await holding(plugin, path);
    plugin.crash();
    bench.gone(plugin, "crashed");
    bench.send({ type: "backend-state", backend: "store", state: "starting" });
    const next = await bench.plugin({ [path]: unary((message) => message) });
    expect(Buffer.from(await call)).toEqual(Buffer.from(request));
    expect(next.called).toEqual([path]);
  });

  test("it is sent again when the supervisor hears of the crash before the socket does", async () => {
    const plugin = await bench.plugin(holds);
    const call = (await bench.client()).unary(get, getRequest());
    await holding(plugin, get);
    bench.gone(plugin, "crashed");
    await bench.plugin({ [get]: unary(() => answerBytes) });
    expect(await call).toEqual(Buffer.from(answerBytes));
  });

  test("it is not sent to a socket that accepts but says nothing, as one of a dying process does", async () => {
    const plugin = await bench.plugin(holds);
    const call = (await bench.client()).unary(get, getRequest());
    await holding(plugin, get);
    const accepted = plugin.crashSlowly();
    await accepted;
    bench.gone(plugin, "crashed");
    await bench.plugin({ [get]: unary(() => answerBytes) });
    expect(await call).toEqual(Buffer.from(answerBytes));
  });

  test("it is sent again after each of three crashes, and fails at the fourth", async () => {
    const call = (await bench.client()).unary(get, getRequest());
    for (let crashes = 1; crashes <= 4; crashes += 1) {
      const plugin = await bench.plugin(holds);
      await holding(plugin, get);
      plugin.crash();
      bench.gone(plugin, "crashed");
    }
    expect(await failure(call)).toMatchObject({ reason: "PLUGIN_CRASHED" });
  });

  test("it is not waited for beyond the deadline", async () => {
    const plugin = await bench.plugin(holds);
    const call = (await bench.client()).unary(get, getRequest(), { timeoutMs: 150 });
    await holding(plugin, get);
    plugin.crash();
    bench.gone(plugin, "crashed");
    expect(await failure(call)).toMatchObject({ code: GrpcCode.DEADLINE_EXCEEDED });
  });

  test("a stream that has answered ends with PLUGIN_CRASHED after what it said", async () => {
    const plugin = await bench.plugin(holds);
    const call = (await bench.client()).stream(watch);
    call.write(getRequest());
    const messages = call.messages()[Symbol.asyncIterator]();
    expect((await messages.next()).value).toHaveLength(2);
    plugin.crash();
    const error = await messages.next().catch((thrown: GrpcError) => thrown);
    expect(gatewayErrorOf(error as GrpcError)).toMatchObject({ reason: "PLUGIN_CRASHED" });
  });

  test("thousands of calls in flight learn it together", async () => {
    const plugin = await bench.plugin(holds);
    const client = await bench.client();
    const calls = Array.from({ length: 900 }, () => failure(client.unary(set, setRequest(false))));
    await until(() => plugin.called.length === 900);
    plugin.crash();
    for (const error of await Promise.all(calls)) expect(error.reason).toBe("PLUGIN_CRASHED");
  });
});

describe("while a backend is not ready", () => {
  test("calls wait for it", async () => {
    const client = await bench.client();
    const calls = Array.from({ length: 50 }, () => client.unary(get, getRequest()));
    await until(() => bench.dataPath.callsInFlight === 50);
    await bench.plugin({ [get]: unary(() => answerBytes) });
    expect(await Promise.all(calls)).toHaveLength(50);
  });

  test("a call waits for its own namespace to be bound, for which it asks once, and for no other", async () => {
    const plugin = await bench.plugin({ [get]: unary(() => answerBytes) }, { isBound: false });
    const client = await bench.client();
    const calls = [client.unary(get, getRequest("demo")), client.unary(get, getRequest("demo"))];
    const other = client.unary(get, getRequest("other"));
    const namespaces = () => bench.told.flatMap((message) => (message.type === "namespace-awaited" ? message : []));
    await until(() => namespaces().length === 2);
    expect(namespaces()).toMatchObject([{ namespace: "demo" }, { namespace: "other" }]);
    expect(plugin.called).toEqual([]);
    bench.send({ type: "namespace-tried", backend: "store", instance: plugin.instance, namespace: "demo" });
    await Promise.all(calls);
    expect(plugin.called).toEqual([get, get]);
    bench.send({ type: "namespaces-tried", backend: "store", instance: plugin.instance });
    await other;
    await client.unary(get, getRequest("other"));
    expect(namespaces()).toHaveLength(2);
  });

  test("a call waits no longer than its deadline, and says what for", async () => {
    bench.send({ type: "backend-state", backend: "store", state: "starting" });
    bench.route({ demo: { timeoutMs: 30 } });
    const error = await failure((await bench.client()).unary(get, getRequest()));
    expect(error).toMatchObject({
      reason: "DEADLINE_EXCEEDED",
      message: expect.stringMatching(/"store".*starting/),
    });
  });

  test("in a crash loop calls are refused at once, also those that wait", async () => {
    const client = await bench.client();
    const waiting = failure(client.unary(get, getRequest()));
    await until(() => bench.dataPath.callsInFlight === 1);
    bench.send({ type: "backend-state", backend: "store", state: "crash_loop" });
    expect(await waiting).toMatchObject({ reason: "PLUGIN_UNAVAILABLE", retryAfterMs: 5_000 });
    const error = await failure(client.unary(get, getRequest()));
    expect(error).toMatchObject({
      reason: "PLUGIN_UNAVAILABLE",
      message: expect.stringMatching(/crash_loop/),
    });
  });
});

describe("a plugin that is replaced", () => {
  test("finishes what it holds while new calls go to the newer one", async () => {
    const release = Promise.withResolvers<void>();
    const old = await bench.plugin({
      [get]: unary(async () => {
        await release.promise;
        return Buffer.from("old");
      }),
    });
    const client = await bench.client();
    const held = client.unary(get, getRequest());
    await until(() => old.called.length === 1);
    const next = await bench.plugin({ [get]: unary(() => Buffer.from("new")) });
    await until(() =>
      bench.told.some(
        ({ type, ...rest }) => type === "instance-connected" && "instance" in rest && rest.instance === next.instance,
      ),
    );
    expect(Buffer.from(await client.unary(get, getRequest())).toString()).toBe("new");
    bench.gone(old, "draining");
    await client.unary(get, getRequest());
    const idle = { type: "instance-idle", backend: "store", instance: old.instance };
    expect(bench.told).not.toContainEqual(idle);
    release.resolve();
    expect(Buffer.from(await held).toString()).toBe("old");
    await until(() => bench.told.length === 3);
    expect(bench.told.at(-1)).toEqual(idle);
  });

  test("says at once that it is idle when it holds nothing", async () => {
    const old = await bench.plugin({});
    await until(() => bench.told.length === 1);
    bench.gone(old, "draining");
    await until(() => bench.told.length === 2);
    expect(bench.told[1]).toEqual({ type: "instance-idle", backend: "store", instance: old.instance });
  });

  test("that ends its connection with GOAWAY is connected to again, and no call fails", async () => {
    const plugin = await bench.plugin({ [get]: unary(() => answerBytes), [set]: unary(() => answerBytes) });
    const client = await bench.client();
    for (let round = 0; round < 5; round += 1) {
      const calls = Array.from({ length: 100 }, (_, n) =>
        client.unary(n % 2 ? get : set, n % 2 ? getRequest() : setRequest(false)),
      );
      const ended = plugin.endConnections();
      expect(await Promise.all(calls)).toHaveLength(100);
      await ended;
    }
  });
});

describe("a plugin whose server ends a connection that cancels too much", () => {
  const cancelled = 900;

  /** A plugin that holds a call of one app, and many of another app that gives them all up at once. */
  async function cancelMany() {
    const running = new Set<object>();
    const hold = unary((_message, call) => {
      running.add(call);
      call.signal.addEventListener("abort", () => running.delete(call));
      return never;
    });
    const methods = { [get]: unary(() => answerBytes), [batchGet]: hold };
    const plugin = await bench.plugin(methods, { connection: { resetBurst: 600, resetsPerSecond: 40 } });
    const [honest, other] = [await bench.client(), await bench.client()];
    const request = keyvalue.BatchGetRequest.encode({ namespace: "demo", keys: ["k"] }).finish();
    const held = honest.unary(batchGet, request);
    const heldOutcome = held.then(
      () => "answered",
      (error: GrpcError) => error.message,
    );
    const abort = new AbortController();
    const many = Array.from({ length: cancelled }, () => other.unary(batchGet, request, { signal: abort.signal }));
    const allGivenUp = Promise.allSettled(many);
    await until(() => running.size === cancelled + 1);
    abort.abort();
    await allGivenUp;
    return { plugin, honest, heldOutcome, running };
  }

  test("keeps it, and the calls of others, when an app gives up hundreds of calls at once", async () => {
    const { honest, heldOutcome, running } = await cancelMany();
    await until(() => running.size <= cancelled + 1 - cancelsBurst);
    expect(running.size).toBeGreaterThan(1);
    // Some more than that are told after it, one after the other.
    await until(() => running.size <= cancelled - cancelsBurst - 20);
    expect(await honest.unary(get, getRequest())).toHaveLength(2);
    expect(await Promise.race([heldOutcome, honest.unary(get, getRequest()).then(() => "held")])).toBe("held");
    expect(bench.dataPath.callsInFlight).toBe(1);
  });

  test("is told of the rest when it is replaced and holds nothing else", async () => {
    const { plugin, heldOutcome, honest, running } = await cancelMany();
    honest.connection.destroy();
    await heldOutcome;
    bench.gone(plugin, "draining");
    await until(() => bench.told.some(({ type }) => type === "instance-idle"));
    await until(() => running.size === 0);
  });
});

describe("a drain", () => {
  test("lets calls finish, refuses connections, and counts", async () => {
    const release = Promise.withResolvers<void>();
    const plugin = await bench.plugin({
      [get]: unary(async () => {
        await release.promise;
        return answerBytes;
      }),
    });
    const client = await bench.client();
    const held = client.unary(get, getRequest());
    await until(() => plugin.called.length === 1);
    bench.send({ type: "drain", graceMs: 5_000 });
    await until(() => !client.isOpen);
    release.resolve();
    expect(await held).toHaveLength(2);
    await client.closed;
    await until(() => bench.told.some(({ type }) => type === "drained"));
    expect(bench.told.at(-1)).toEqual({ type: "drained", completed: 1, aborted: 0 });
  });

  test("ends what is left after its grace with DRAINING", async () => {
    const plugin = await bench.plugin({ [get]: unary(() => never) });
    const client = await bench.client();
    const held = failure(client.unary(get, getRequest()));
    await until(() => plugin.called.length === 1);
    bench.send({ type: "drain", graceMs: 20 });
    expect(await held).toMatchObject({ reason: "DRAINING", retryAfterMs: 1_000 });
    await until(() => bench.told.some(({ type }) => type === "drained"));
    expect(bench.told.at(-1)).toEqual({ type: "drained", completed: 0, aborted: 1 });
  });

  test("without calls is over at once", async () => {
    await bench.client();
    bench.send({ type: "drain", graceMs: 60_000 });
    await until(() => bench.told.some(({ type }) => type === "drained"));
  });
});

test("calls are counted by namespace, method and code, with their bytes", async () => {
  await bench.plugin({ [get]: unary(() => answerBytes) });
  const client = await bench.client();
  await client.unary(get, getRequest());
  await client.unary(get, getRequest());
  await failure(client.unary(get, getRequest("unknown")));
  await until(() => bench.dataPath.callsInFlight === 0);
  const counted = bench.metrics.call({ namespace: "demo", pattern: "key-value", method: "Get" });
  expect(counted).toMatchObject({
    inFlight: 0,
    ended: 2,
    responseBytes: 2 * (5 + 2),
    requestBytes: 2 * (5 + getRequest().length),
  });
  expect(counted.countByCode[GrpcCode.OK]).toBe(2);
  expect(bench.metrics.unrouted.countByCode[GrpcCode.NOT_FOUND]).toBe(1);
});

test("routes of an older generation are ignored", async () => {
  await bench.plugin({ [get]: unary(() => answerBytes) });
  bench.route({ demo: {}, newer: {} });
  const routes = { namespaces: new Map(), unserved: new Map(), services: new Map(), patterns: [] };
  bench.send({ type: "routes", generation: 1, routes });
  expect(await (await bench.client()).unary(get, getRequest("newer"))).toHaveLength(2);
});

function requestHeaders(path: string): HeaderList {
  return [":method", "POST", ":scheme", "http", ":path", path, "te", "trailers", "content-type", "application/grpc"];
}

function pairs(headers: HeaderList): [string, string][] {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? ""] as [string, string]] : []));
}

function collector() {
  return {
    headers: [] as HeaderList,
    ended: false,
    resetWith: undefined as number | undefined,
    onHeaders(headers: HeaderList, endStream: boolean) {
      this.headers = headers;
      this.ended = endStream;
    },
    onData() {},
    onTrailers() {
      this.ended = true;
    },
    onWritable() {},
    onReset(errorCode: number) {
      this.ended = true;
      this.resetWith = errorCode;
    },
  };
}
