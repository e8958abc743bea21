import { createServer } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ByteBudget } from "../../packages/proxy/src/data-path/byte-budget.js";
import { Metrics } from "../../packages/proxy/src/telemetry/metrics.js";
import { Http1Front } from "../../packages/proxy/src/transcoding/http1-front.js";
import type { HttpRequest, Transcoder } from "../../packages/proxy/src/transcoding/transcoder.js";
import { chunked, cuts, holds } from "./fuzz.ts";

const headerListBytes = 16 * 1024;
const metrics = new Metrics({ version: "0.0.0" });

/** Lines that are right, wrong or in between. */
const fieldLine = fc.constantFrom(
  "host: a\r\n",
  "content-length: 5\r\n",
  "content-length: 0\r\n",
  "Content-Length: 5, 5\r\n",
  "content-length : 5\r\n",
  "content-length: -1\r\n",
  "transfer-encoding: chunked\r\n",
  "transfer-encoding: chunked, identity\r\n",
  "Transfer-Encoding: \tchunked\r\n",
  "x-folded: a\r\n b\r\n",
  "x-lf: a\n",
  "x-cr: a\rb\r\n",
  "x-nul: \0\r\n",
  ": nameless\r\n",
  "connection: close\r\n",
  "expect: 100-continue\r\n",
);
const startLine = fc.constantFrom(
  "POST /a HTTP/1.1\r\n",
  "GET /b HTTP/1.1\r\n",
  "GET /c HTTP/1.0\r\n",
  "POST /d HTTP/1.1\n",
  "\r\nPOST /e HTTP/1.1\r\n",
);
const body = fc.constantFrom(
  "",
  "hello",
  "5\r\nhello\r\n0\r\n\r\n",
  "5;ext=1\r\nhello\r\n0\r\nx: y\r\n\r\n",
  "5\nhello\r\n0\r\n\r\n",
  "FFFFFFFFFFFFFFFFF\r\n",
  "GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n",
);
const request = fc
  .tuple(startLine, fc.array(fieldLine, { maxLength: 4 }), fc.constantFrom("\r\n", "\r\n", "\n"), body)
  .map(([start, fields, end, sent]) => `${start}host: h\r\n${fields.join("")}${end}${sent}`);

interface Seen {
  /** What was served. */
  readonly requests: string[];
  /** The statuses that came back. */
  readonly statuses: string[];
}

/** Sends the bytes, ends, and tells what was served and answered until the other side has closed. */
async function send(chunks: readonly Buffer[], accept: (socket: Duplex) => void): Promise<string[]> {
  const [ours, theirs] = duplexPair({ allowHalfOpen: true });
  const received: Buffer[] = [];
  const closed = Promise.withResolvers<void>();
  theirs.on("data", (chunk) => received.push(chunk)).on("error", () => {});
  theirs.on("end", closed.resolve).on("close", closed.resolve);
  ours.on("error", () => {}).on("close", closed.resolve);
  accept(ours);
  for (const chunk of chunks) if (!theirs.destroyed) theirs.write(chunk);
  theirs.end();
  await closed.promise;
  return (
    Buffer.concat(received)
      .toString("latin1")
      .match(/HTTP\/1\.1 \d{3}/g) ?? []
  );
}

async function throughFront(chunks: readonly Buffer[]): Promise<Seen> {
  const requests: string[] = [];
  const transcoder = {
    answer: async ({ method, path, body: sent }: HttpRequest) => {
      requests.push(`${method} ${path} ${sent.toString("latin1")}`);
      return { status: 200, headers: [], body: "" };
    },
  } as unknown as Transcoder;
  const limits = {
    bodyBytesMax: 10_000,
    budget: new ByteBudget(1_000_000),
    headerListBytes,
    idleTimeoutMs: 60_000,
    requestTimeoutMs: 60_000,
  };
  const front = new Http1Front(transcoder, limits, metrics);
  const statuses = await send(chunks, (socket) => front.accept(socket as Socket, undefined));
  front.close();
  return { requests, statuses };
}

/** The same by node:http as it comes. */
async function throughNode(chunks: readonly Buffer[]): Promise<Seen> {
  const requests: string[] = [];
  const server = createServer({ maxHeaderSize: headerListBytes }, (asked, response) => {
    const parts: Buffer[] = [];
    asked.on("error", () => {}).on("data", (part) => parts.push(part));
    asked.on("end", () => {
      requests.push(`${asked.method} ${asked.url} ${Buffer.concat(parts).toString("latin1")}`);
      response.end();
    });
  });
  const statuses = await send(chunks, (socket) => server.emit("connection", socket));
  server.close();
  return { requests, statuses };
}

/** As far as both go: what is malformed ends a connection at once, also before the answers to what came earlier. */
function expectAgreement(left: readonly string[], right: readonly string[]): void {
  const both = Math.min(left.length, right.length);
  expect(left.slice(0, both)).toEqual(right.slice(0, both));
}

test("a request, well formed or not, is served or refused as node:http does", async () => {
  await holds(
    fc.asyncProperty(request, async (text) => {
      const bytes = Buffer.from(text, "latin1");
      const front = await throughFront([bytes]);
      const node = await throughNode([bytes]);
      expect(front.statuses).toEqual(node.statuses);
      expectAgreement(front.requests, node.requests);
    }),
  );
});

test("requests behind one another are the same requests to both, however they are cut", async () => {
  await holds(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 3 }), cuts, async (requests, places) => {
      const bytes = Buffer.from(requests.join(""), "latin1");
      const { requests: served } = await throughFront(chunked(bytes, places));
      expectAgreement(served, (await throughFront([bytes])).requests);
      expectAgreement(served, (await throughNode([bytes])).requests);
    }),
  );
});
