import { once } from "node:events";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { readMetric } from "./metric.ts";
import { PrismProcess } from "./prism-process.ts";

const requestTimeoutMs = 500;
/** Slow requests are looked for once in their timeout; a busy machine is later. */
const noticedWithinMs = 10_000;

let prism: PrismProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: { memory: { plugin: "memstore" } },
      namespaces: { demo: { pattern: "key-value", backend: "memory" } },
      limits: { request_timeout: `${requestTimeoutMs}ms` },
    },
  });
});
afterAll(() => prism?.[Symbol.asyncDispose]());

/** Everything that comes back until the connection is closed from the other side. */
async function exchange(bytes: string): Promise<string> {
  const [host = "", port = ""] = prism.listen.split(":");
  const socket = connect({ host, port: Number(port), noDelay: true });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk)).on("error", () => {});
  socket.setTimeout(noticedWithinMs, () => socket.destroy(new Error("not closed")));
  await once(socket, "connect");
  socket.write(bytes, "latin1");
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

const statusLines = (text: string) => text.match(/HTTP\/1\.1 \d{3}/g) ?? [];

async function closedFor(reason: string): Promise<number> {
  return (await readMetric(prism.admin, "prism_connections_closed_total", `reason="${reason}"`)) ?? 0;
}

const path = "/prism.keyvalue.v1.KeyValueService/Get";
const body = '{"namespace":"demo","key":"k"}';
const json = `host: a\r\ncontent-type: application/json\r\n`;
const post = (fields: string, sent: string) => `POST ${path} HTTP/1.1\r\n${json}${fields}\r\n${sent}`;
/** A second request that only a parser which reads the first one otherwise would serve. */
const smuggled = "GET / HTTP/1.1\r\nhost: a\r\n\r\n";
const length = `content-length: ${body.length}\r\n`;
const chunked = "transfer-encoding: chunked\r\n";
const hex = body.length.toString(16);

describe("a request that two parsers could read in two ways is refused, and nothing behind it is served", () => {
  test.each([
    ["content-length and transfer-encoding", post(length + chunked, `0\r\n\r\n${smuggled}`)],
    ["transfer-encoding and content-length", post(chunked + length, `0\r\n\r\n${smuggled}`)],
    ["two different content-lengths", post(`content-length: 0\r\n${length}`, body)],
    ["a content-length with a sign", post(`content-length: +${body.length}\r\n`, body)],
    ["a content-length in hexadecimal", post(`content-length: 0x${hex}\r\n`, body)],
    ["a content-length beyond 2^64", post("content-length: 18446744073709551617\r\n", body)],
    ["a list of content-lengths", post(`content-length: ${body.length}, ${body.length}\r\n`, body)],
    ["an unknown transfer-encoding", post("transfer-encoding: xchunked\r\n", smuggled)],
    ["chunked that is not the last transfer-encoding", post("transfer-encoding: chunked, identity\r\n", smuggled)],
    ["a folded field", post(`x-folded: a\r\n ${length}`, body)],
    ["a folded transfer-encoding", post("transfer-encoding:\r\n chunked\r\n", `0\r\n\r\n${smuggled}`)],
    ["a space before a colon", post(`content-length : ${body.length}\r\n`, body)],
    ["a space before the first field", `POST ${path} HTTP/1.1\r\n ${json}\r\n`],
    ["NUL in a field", post("x-nul: a\0b\r\n", body)],
    ["CR alone in a field", post("x-cr: a\rb\r\n", body)],
    ["fields that end in a bare LF", post(`${length.trim()}\n`, body)],
    ["a bare LF for the end of the fields", `POST ${path} HTTP/1.1\r\n${json}${length}\n${body}`],
    ["a bare LF behind the request line", `POST ${path} HTTP/1.1\n${json}${length}\r\n${body}`],
    ["a chunk size beyond 2^64", post(chunked, `1${"0".repeat(16)}${hex}\r\n${body}\r\n0\r\n\r\n`)],
    ["a chunk size with a sign", post(chunked, `+${hex}\r\n${body}\r\n0\r\n\r\n`)],
    ["a chunk size with 0x", post(chunked, `0x${hex}\r\n${body}\r\n0\r\n\r\n`)],
    ["a chunk size that ends in a bare LF", post(chunked, `${hex}\n${body}\r\n0\r\n\r\n`)],
    ["a chunk that ends in a bare LF", post(chunked, `${hex}\r\n${body}\n0\r\n\r\n`)],
    ["a chunk longer than its size", post(chunked, `${hex}\r\n${body}xx\r\n0\r\n\r\n`)],
    ["a protocol of another version", `POST ${path} HTTP/9.9\r\n${json}${length}\r\n${body}`],
    ["a request line of two words", `POST ${path}\r\n${json}${length}\r\n${body}`],
  ])("%s", async (_, bytes) => {
    const before = await closedFor("malformed_request");
    expect(statusLines(await exchange(bytes))).toEqual(["HTTP/1.1 400"]);
    expect(await closedFor("malformed_request")).toBe(before + 1);
  });
});

describe("a request that is too large, or too slow, is refused", () => {
  test.each([
    ["a field above the limit", post(`x-large: ${"x".repeat(20_000)}\r\n`, body), "431", "header_too_large"],
    ["thousands of fields", post("a: b\r\n".repeat(5_000), body), "431", "header_too_large"],
    ["a chunk extension without end", post(chunked, `${hex};${"x".repeat(20_000)}`), "413", "body_too_large"],
    ["a method that never ends", "POS", "408", "request_timeout"],
    ["fields that never end", `POST ${path} HTTP/1.1\r\n${json}`, "408", "request_timeout"],
    ["a body that never ends", post(length, body.slice(1)), "408", "request_timeout"],
    ["a chunk that never comes", post(chunked, `${hex}\r\n`), "408", "request_timeout"],
  ])("%s", async (_, bytes, status, reason) => {
    const before = await closedFor(reason);
    expect(statusLines(await exchange(bytes))).toEqual([`HTTP/1.1 ${status}`]);
    await eventually("the metric", noticedWithinMs, async () => (await closedFor(reason)) === before + 1);
  });

  test("a body above the limit is a 429 with its reason, and the rest of it is not read", async () => {
    const answer = await exchange(post("content-length: 100000000\r\n", "x".repeat(7_000_000)));
    expect(answer).toMatch(/^HTTP\/1\.1 429 .*MESSAGE_TOO_LARGE/s);
  });

  test("requests behind one another are all answered, in order", async () => {
    const answers = await exchange(
      `${post(length, body)}${post(length, body)}${smuggled.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n")}`,
    );
    expect(statusLines(answers)).toEqual(["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 200"]);
  });
});
