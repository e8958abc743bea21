import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { GatewayError, grpcErrorOf, keyvalue } from "@prism-data/pattern-sdk/protocol";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { TestBench, unary, until } from "../data-path/test-bench.js";

const service = "/prism.keyvalue.v1.KeyValueService";

interface Answer {
  status: number;
  type: string | null;
  headers: Headers;
  body: unknown;
}

let bench: TestBench;
let lastRequest: Uint8Array | undefined;
let release: PromiseWithResolvers<void>;

beforeEach(async () => {
  bench = new TestBench();
  bench.route({ demo: {} });
  release = Promise.withResolvers();
  await bench.plugin({
    [`${service}/Get`]: unary((message, call) => {
      lastRequest = Buffer.from(message);
      const { key } = keyvalue.GetRequest.decode(message);
      call.setHeaders([["x-plugin", "header"]]);
      call.setTrailers([["x-plugin-end", "trailer"]]);
      const found = key !== "missing";
      const value = found ? Buffer.from([0, 255, 128]) : new Uint8Array(0);
      const expireTime = found ? { seconds: 1_700_000_000n, nanos: 5_000_000 } : undefined;
      return keyvalue.GetResponse.encode({ found, value, etag: found ? "e" : "", expireTime }).finish();
    }),
    [`${service}/Set`]: unary(() => {
      throw grpcErrorOf(
        new GatewayError("KEY_EXISTS", 'The key "k" is there.', {
          metadata: { key: "k" },
          fieldViolations: [{ field: "a", description: "b" }],
        }),
      );
    }),
    [`${service}/Delete`]: unary(async (_message, call) => {
      call.signal.addEventListener("abort", () => release.resolve());
      await release.promise;
      return keyvalue.DeleteResponse.encode({ existed: true }).finish();
    }),
  });
  await bench.listen();
});
afterEach(() => bench.close());

const json = { "content-type": "application/json" };
const proto = { "content-type": "application/proto" };
const demo = { namespace: "demo", key: "k" };

async function post(method: string, body: unknown, headers: Record<string, string> = json): Promise<Answer> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const init = { method: "POST", headers, body: text };
  const response = await fetch(`http://127.0.0.1:${bench.port}${method}`, init);
  return answerOf(response);
}

async function answerOf(response: Response): Promise<Answer> {
  const text = await response.text();
  const type = response.headers.get("content-type");
  return {
    status: response.status,
    type,
    headers: response.headers,
    body: type === "application/json" ? JSON.parse(text) : text,
  };
}

describe("HTTP/JSON", () => {
  test("reads proto3 JSON and answers in it, with bytes as base64 and metadata as headers", async () => {
    const answer = await post(`${service}/Get`, demo);
    expect(answer).toMatchObject({
      status: 200,
      type: "application/json",
      body: { found: true, value: "AP+A", etag: "e", expireTime: "2023-11-14T22:13:20.005Z" },
    });
    expect(answer.headers.get("x-plugin")).toBe("header");
    expect(answer.headers.get("trailer-x-plugin-end")).toBe("trailer");
    expect(keyvalue.GetRequest.decode(lastRequest!)).toEqual(demo);
  });

  test("shows fields that have their default", async () => {
    expect((await post(`${service}/Get`, { ...demo, key: "missing" })).body).toEqual({
      found: false,
      value: "",
      etag: "",
    });
  });

  test("takes binary messages, too", async () => {
    const request = keyvalue.GetRequest.encode(demo).finish();
    const response = await fetch(`http://127.0.0.1:${bench.port}${service}/Get`, {
      method: "POST",
      headers: { "content-type": "application/proto", "connect-protocol-version": "1" },
      body: Buffer.from(request),
    });
    expect(response.headers.get("content-type")).toBe("application/proto");
    expect(keyvalue.GetResponse.decode(new Uint8Array(await response.arrayBuffer())).etag).toBe("e");
  });

  test("tells the plugin's failure with its details", async () => {
    const answer = await post(`${service}/Set`, { ...demo, value: "AA==" });
    expect(answer).toMatchObject({ status: 409, type: "application/json" });
    expect(answer.body).toEqual({
      code: "already_exists",
      message: 'The key "k" is there.',
      details: [
        {
          type: "google.rpc.ErrorInfo",
          value: expect.stringMatching(/^[A-Za-z0-9+/]+$/),
          debug: { reason: "KEY_EXISTS", domain: "prism.dev", metadata: { key: "k" } },
        },
        {
          type: "google.rpc.BadRequest",
          value: expect.any(String),
          debug: { fieldViolations: [{ field: "a", description: "b" }] },
        },
      ],
    });
  });

  const failures: [string, string, unknown, Record<string, string>, number, unknown][] = [
    [
      "an unknown namespace",
      "Get",
      { namespace: "none", key: "k" },
      json,
      404,
      { code: "not_found", reason: "NAMESPACE_NOT_FOUND" },
    ],
    [
      "a field that does not exist, by name",
      "Get",
      { ...demo, kye: 1 },
      json,
      400,
      { code: "invalid_argument", reason: "UNKNOWN_FIELD", message: /"kye"/ },
    ],
    [
      "a field of the wrong type, without its value",
      "Get",
      { ...demo, key: 12_345 },
      json,
      400,
      { reason: "INVALID_FIELD", message: /GetRequest\.key: expected string\.$/ },
    ],
    [
      "a malformed duration",
      "Set",
      { ...demo, ttl: "soon" },
      json,
      400,
      { reason: "MALFORMED_MESSAGE", message: /Duration/ },
    ],
    [
      "text that is not JSON, by position",
      "Get",
      '{"namespace":\n "demo",}',
      json,
      400,
      { reason: "MALFORMED_MESSAGE", message: /line 2, column 9/ },
    ],
    ["JSON that is no object", "Get", "[]", json, 400, { reason: "MALFORMED_MESSAGE" }],
    ["an empty body", "Get", "", json, 400, { reason: "INVALID_FIELD", message: /namespace/ }],
    [
      "a binary message to a streaming method",
      "Watch",
      "",
      proto,
      501,
      { code: "unimplemented", message: /streaming/ },
    ],
    ["a method that does not exist", "Git", demo, json, 404, { code: "unimplemented", reason: "METHOD_NOT_FOUND" }],
    ["a malformed timeout", "Get", demo, { ...json, "connect-timeout-ms": "1s" }, 400, { reason: "INVALID_FIELD" }],
    [
      "a compressed body",
      "Get",
      demo,
      { ...json, "content-encoding": "gzip" },
      501,
      { reason: "COMPRESSION_UNSUPPORTED" },
    ],
    [
      "a body over the limit",
      "Set",
      { ...demo, value: "A".repeat(7_000_000) },
      json,
      429,
      { code: "resource_exhausted", reason: "MESSAGE_TOO_LARGE" },
    ],
    [
      "a message over the limit",
      "Set",
      { ...demo, value: "A".repeat(4 * 1_420_000) },
      json,
      429,
      { reason: "MESSAGE_TOO_LARGE" },
    ],
    ["a passed deadline", "Delete", demo, { ...json, "connect-timeout-ms": "30" }, 504, { code: "deadline_exceeded" }],
  ];
  test.each(failures)("refuses %s", async (_name, method, body, headers, status, expected) => {
    const answer = await post(`${service}/${method}`, body, headers);
    const { code, message, reason } = expected as { code?: string; message?: RegExp; reason?: string };
    expect(answer).toMatchObject({ status, type: "application/json" });
    if (code !== undefined) expect(answer.body).toMatchObject({ code });
    if (message !== undefined) expect(answer.body).toMatchObject({ message: expect.stringMatching(message) });
    if (reason !== undefined)
      expect(answer.body).toMatchObject({ details: [{ debug: { reason } }, ...anyMore(answer.body)] });
  });

  test.each([
    ["GET", `${service}/Get`, undefined, 405],
    ["PUT", `${service}/Get`, "application/json", 405],
    ["POST", `${service}/Get`, "text/plain", 415],
    ["POST", `${service}/Get`, "application/json; charset=latin1", 415],
    ["POST", `${service}/Get`, undefined, 415],
    ["POST", "/", "application/json", 404],
    ["GET", "/", undefined, 200],
  ])("answers %s %s with content-type %s by %d and a text", async (method, path, type, status) => {
    const response = await new Promise<{ status: number; text: string }>((resolve, reject) => {
      const headers = type === undefined ? {} : { "content-type": type };
      const sent = httpRequest({ port: bench.port, host: "127.0.0.1", method, path, headers }, async (received) => {
        resolve({ status: received.statusCode ?? 0, text: (await received.toArray()).join("") });
      });
      sent.on("error", reject).end();
    });
    expect(response).toEqual({ status, text: expect.stringMatching(/\S/) });
  });

  test("cancels the call when the caller hangs up", async () => {
    const abort = new AbortController();
    const url = `http://127.0.0.1:${bench.port}${service}/Delete`;
    const call = fetch(url, { method: "POST", headers: json, body: JSON.stringify(demo), signal: abort.signal });
    call.catch(() => {});
    await until(() => bench.dataPath.callsInFlight === 1);
    abort.abort();
    await release.promise;
    await until(() => bench.dataPath.callsInFlight === 0);
  });

  test("keeps the connection for the next request", async () => {
    const socket = connect(bench.port, "127.0.0.1");
    let received = "";
    socket.on("data", (chunk) => {
      received += chunk;
    });
    const body = JSON.stringify(demo);
    const head = `POST ${service}/Get HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`;
    socket.write(head + body + head + body);
    await until(() => received.split("HTTP/1.1 200 OK").length === 3);
    socket.destroy();
  });

  test("lets a request finish in a drain and closes its connection then", async () => {
    const idle = connect(bench.port, "127.0.0.1");
    idle.write(`GET / HTTP/1.1\r\nhost: a\r\n\r\n`);
    await once(idle, "data");
    idle.resume();
    const held = post(`${service}/Delete`, demo);
    await until(() => bench.dataPath.callsInFlight === 1);
    const idleClosed = once(idle, "close");
    bench.send({ type: "drain", graceMs: 5_000 });
    await idleClosed;
    release.resolve();
    const answer = await held;
    expect(answer).toMatchObject({ status: 200, body: { existed: true } });
    expect(answer.headers.get("connection")).toBe("close");
    await until(() => bench.told.some(({ type }) => type === "drained"));
    expect(bench.told.at(-1)).toEqual({ type: "drained", completed: 1, aborted: 0 });
  });
});

describe("HTTP/JSON over HTTP/2", () => {
  async function send(headers: Record<string, string>, body?: string) {
    const session = connectHttp2(`http://127.0.0.1:${bench.port}`);
    const stream = session.request({ ":method": "POST", ":path": `${service}/Get`, ...headers });
    stream.end(body);
    const [answered] = await once(stream, "response");
    const text = (await stream.toArray()).join("");
    session.destroy();
    return { status: answered[":status"], type: answered["content-type"], text };
  }

  test("answers JSON", async () => {
    const answer = await send(json, JSON.stringify(demo));
    expect(answer).toMatchObject({ status: 200, type: "application/json" });
    expect(JSON.parse(answer.text)).toMatchObject({ found: true });
  });

  test.each([
    ["application/grpc-web+proto", 415],
    ["text/html", 415],
  ])("refuses content-type %s by %d", async (type, status) => {
    expect(await send({ "content-type": type }, "")).toMatchObject({ status, text: expect.stringContaining(type) });
  });

  test("refuses GET", async () => {
    expect(await send({ ":method": "GET" })).toMatchObject({ status: 405 });
  });
});

function anyMore(body: unknown): unknown[] {
  return (body as { details: unknown[] }).details.slice(1).map(() => expect.anything());
}
