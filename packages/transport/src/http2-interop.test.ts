import * as http2 from "node:http2";
import { connect as connectSocket, createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { within } from "../testing/deadline.js";
import { exchange } from "../testing/exchange.js";
import { Http2Connection } from "./connection.js";
import { Http2ErrorCode } from "./error-code.js";
import type { HeaderList } from "./header-list.js";
import type { Http2Stream, StreamEvents } from "./stream.js";

function portOf(server: Server | http2.Http2Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on TCP");
  return address.port;
}

/** Sends everything back, as fast as the reader takes it. */
function echo(stream: Http2Stream, headers: HeaderList, endStream: boolean): StreamEvents {
  const echoed = headers.slice(headers.indexOf("x-echo"), headers.indexOf("x-echo") + 2);
  stream.sendHeaders([":status", "200", ...echoed], false);
  if (endStream) stream.sendTrailers(["x-end", "yes"]);
  return {
    onHeaders() {},
    onData(data, end) {
      if (stream.sendData(data, false)) stream.releaseWindow(data.length);
      else held += data.length;
      if (end) stream.sendTrailers(["x-end", "yes"]);
    },
    onTrailers: () => stream.sendTrailers(["x-end", "yes"]),
    onWritable() {
      stream.releaseWindow(held);
      held = 0;
    },
    onReset() {},
  };
}
let held = 0;

describe("a node:http2 client of Http2Connection", () => {
  const connections: Http2Connection[] = [];
  const server = createServer((socket) => connections.push(Http2Connection.accept(socket, {}, echo)));
  let session: http2.ClientHttp2Session;

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    session = http2.connect(`http://127.0.0.1:${portOf(server)}`);
  });

  afterAll(() => {
    session.destroy();
    for (const connection of connections) connection.destroy();
    server.close();
  });

  test.each([0, 1, 20_000, 3_000_000])("%i bytes there and back, with headers and trailers", async (size) => {
    const stream = session.request({ ":method": "POST", ":path": "/", "x-echo": `size ${size}` });
    const headers = new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once("response", resolve));
    const trailers = new Promise<http2.IncomingHttpHeaders>((resolve) => stream.once("trailers", resolve));
    stream.end(Buffer.alloc(size, 9));
    let received = 0;
    for await (const chunk of stream) received += (chunk as Buffer).length;
    expect(received).toBe(size);
    expect(await headers).toMatchObject({ ":status": 200, "x-echo": `size ${size}` });
    expect(await trailers).toMatchObject({ "x-end": "yes" });
  });

  test("trailers of the client, many streams at once, and settings changed on the way", async () => {
    session.settings({ initialWindowSize: 1000, headerTableSize: 100 });
    const sizes = Array.from({ length: 50 }, (_, i) => i * 700);
    const received = await Promise.all(
      sizes.map(async (size) => {
        const stream = session.request(
          { ":method": "POST", ":path": `/${size}`, "x-echo": "x" },
          { waitForTrailers: true },
        );
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-client": "done" }));
        stream.end(Buffer.alloc(size));
        let bytes = 0;
        for await (const chunk of stream) bytes += (chunk as Buffer).length;
        return bytes;
      }),
    );
    expect(received).toEqual(sizes);
  });

  test("a ping comes back", async () => {
    const answered = new Promise((resolve) => session.ping((error, roundTripMs) => resolve(error ?? roundTripMs)));
    expect(await answered).toBeGreaterThanOrEqual(0);
  });

  test("a drain closes the session once its stream has ended", async () => {
    const own = http2.connect(`http://127.0.0.1:${portOf(server)}`);
    const stream = own.request({ ":method": "POST", ":path": "/", "x-echo": "x" });
    await new Promise((resolve) => stream.once("response", resolve));
    const drained = connections.at(-1)!.drain();
    await new Promise((resolve) => own.once("goaway", resolve));
    const closed = new Promise((resolve) => own.once("close", resolve));
    stream.resume().end("the end");
    await within(2000, "the close", Promise.all([closed, drained]));
  });
});

describe("Http2Connection as a client of node:http2", () => {
  const server = http2.createServer({ settings: { maxConcurrentStreams: 10, headerTableSize: 200 } });
  let connection: Http2Connection;

  beforeAll(async () => {
    server.on("stream", (stream, headers) => {
      stream.on("error", () => {});
      if (headers[":path"] === "/reset") return stream.close(Http2ErrorCode.CANCEL);
      if (headers[":path"] === "/interim") stream.additionalHeaders({ ":status": 103, link: "</x>" });
      stream.respond({ ":status": 200, "x-path": headers[":path"] }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-end": "yes" }));
      stream.pipe(stream);
      return undefined;
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    connection = Http2Connection.connect(connectSocket(portOf(server), "127.0.0.1"), {});
  });

  afterAll(async () => {
    connection.destroy();
    await connection.closed;
    server.close();
  });

  const post = (path: string, body: Buffer) => exchange(connection, { method: "POST", path, body });

  test.each([0, 1, 20_000, 3_000_000])("%i bytes there and back", async (size) => {
    expect(await post("/", Buffer.alloc(size))).toEqual({
      status: "200",
      bytes: size,
      trailers: ["x-end", "yes"],
      reset: undefined,
    });
  });

  test("an interim answer is passed over", async () => {
    expect(await post("/interim", Buffer.alloc(1))).toMatchObject({ status: "200", bytes: 1 });
  });

  test("a reset by the server arrives with its code", async () => {
    expect(await post("/reset", Buffer.alloc(1))).toMatchObject({ reset: Http2ErrorCode.CANCEL });
  });

  test("100 requests at once where ten are allowed", async () => {
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, i) => post(`/${i}`, Buffer.alloc(i * 100))));
    expect(outcomes.map(({ bytes }) => bytes)).toEqual(Array.from({ length: 100 }, (_, i) => i * 100));
  });
});
