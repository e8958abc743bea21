import { duplexPair } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { connectToScript, request, settled } from "../testing/client-connection.js";
import {
  endBoth,
  endHeaders,
  headersFrame,
  literalBlock,
  RawPeer,
  rawFrame,
  requestHeaders,
  setting,
  uint32,
} from "../testing/raw-peer.js";
import { Http2Connection } from "./connection.js";
import { connectionLost, Http2ErrorCode } from "./error-code.js";
import { clientPreface, FrameFlag, FrameType } from "./frame.js";
import type { HeaderList } from "./header-list.js";
import type { ConnectionOptions } from "./limits.js";
import type { Http2Stream, StreamEvents } from "./stream.js";

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } =
  FrameType;
const { END_STREAM, PADDED, PRIORITY: WITH_PRIORITY, ACK } = FrameFlag;
const code = Http2ErrorCode;

interface Seen {
  readonly stream: Http2Stream;
  readonly headers: HeaderList;
  data: string;
  ended: boolean;
  trailers: HeaderList | undefined;
  reset: number | undefined;
}

const open: { destroy(): void }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.destroy();
});

/** A server connection that records what its streams get and answers a complete request with "hello". */
function serve(options: ConnectionOptions = {}, answer: (stream: Http2Stream) => void = hello) {
  const [ours, theirs] = duplexPair();
  const streams: Seen[] = [];
  const connection = Http2Connection.accept(ours, { lingerMs: 50, ...options }, (stream, headers, endStream) => {
    const seen: Seen = { stream, headers, data: "", ended: endStream, trailers: undefined, reset: undefined };
    streams.push(seen);
    if (endStream) answer(stream);
    return recorder(seen, answer);
  });
  open.push(connection);
  return { connection, streams, peer: new RawPeer(theirs, "client") };
}

function recorder(seen: Seen, answer: (stream: Http2Stream) => void): StreamEvents {
  return {
    onHeaders() {},
    onData(data, endStream) {
      seen.data += data.toString("latin1");
      seen.ended ||= endStream;
      if (endStream) answer(seen.stream);
    },
    onTrailers(trailers) {
      seen.trailers = trailers;
      answer(seen.stream);
    },
    onWritable() {},
    onReset(errorCode) {
      seen.reset = errorCode;
    },
  };
}

function hello(stream: Http2Stream): void {
  stream.sendHeaders([":status", "200"], false);
  stream.sendData(Buffer.from("hello"), true);
}

function connect(options: ConnectionOptions = {}) {
  const scripted = connectToScript(options);
  open.push(scripted.connection);
  return scripted;
}

const get = (id: number) => headersFrame(id, requestHeaders, endBoth);
const post = (id: number) => headersFrame(id, requestHeaders, endHeaders);
const field = (...fields: string[]) => headersFrame(1, [...requestHeaders, ...fields], endBoth);

describe("server: RFC 9113 connection errors end with GOAWAY and their code", () => {
  const longBlock = literalBlock([...requestHeaders, "x", "y".repeat(60)]);
  const cases: [name: string, errorCode: number, ...bytes: Buffer[]][] = [
    [
      "4.2 a frame larger than SETTINGS_MAX_FRAME_SIZE",
      code.FRAME_SIZE_ERROR,
      post(1),
      rawFrame(DATA, 0, 1, Buffer.alloc(16_385)),
    ],
    [
      "4.3 a header block that cannot be decoded",
      code.COMPRESSION_ERROR,
      rawFrame(HEADERS, endBoth, 1, Buffer.from([0x80])),
    ],
    [
      "4.3 a header block interrupted by another frame",
      code.PROTOCOL_ERROR,
      rawFrame(HEADERS, END_STREAM, 1, longBlock.subarray(0, 5)),
      rawFrame(PING, 0, 0, uint32(0, 0)),
    ],
    ["5.1 DATA on an idle stream", code.PROTOCOL_ERROR, rawFrame(DATA, 0, 1, "x")],
    ["5.1 RST_STREAM on an idle stream", code.PROTOCOL_ERROR, rawFrame(RST_STREAM, 0, 1, uint32(8))],
    ["5.1 WINDOW_UPDATE on an idle stream", code.PROTOCOL_ERROR, rawFrame(WINDOW_UPDATE, 0, 1, uint32(8))],
    ["5.1 HEADERS on a closed stream", code.STREAM_CLOSED, get(1), get(3), get(1)],
    ["5.1.1 an even stream id", code.PROTOCOL_ERROR, get(2)],
    ["5.1.1 a stream id that was skipped", code.PROTOCOL_ERROR, get(5), get(3)],
    ["6.1 DATA on stream 0", code.PROTOCOL_ERROR, rawFrame(DATA, 0, 0, "x")],
    ["6.1 padding longer than the frame", code.PROTOCOL_ERROR, post(1), rawFrame(DATA, PADDED, 1, "\u0005abc")],
    ["6.2 HEADERS on stream 0", code.PROTOCOL_ERROR, get(0)],
    [
      "6.2 HEADERS with padding longer than the frame",
      code.PROTOCOL_ERROR,
      rawFrame(HEADERS, endBoth | PADDED, 1, "\u00ffabc"),
    ],
    ["6.3 PRIORITY on stream 0", code.PROTOCOL_ERROR, rawFrame(PRIORITY, 0, 0, "\0\0\0\u0001\0")],
    ["6.4 RST_STREAM on stream 0", code.PROTOCOL_ERROR, rawFrame(RST_STREAM, 0, 0, uint32(8))],
    ["6.4 RST_STREAM of a wrong length", code.FRAME_SIZE_ERROR, post(1), rawFrame(RST_STREAM, 0, 1, "abc")],
    ["6.5 SETTINGS on a stream", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 1)],
    ["6.5 SETTINGS of a wrong length", code.FRAME_SIZE_ERROR, rawFrame(SETTINGS, 0, 0, "abc")],
    ["6.5 a SETTINGS acknowledgement with a payload", code.FRAME_SIZE_ERROR, rawFrame(SETTINGS, ACK, 0, setting(4, 1))],
    ["6.5.2 SETTINGS_ENABLE_PUSH of 2", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 0, setting(2, 2))],
    [
      "6.5.2 SETTINGS_INITIAL_WINDOW_SIZE of 2^31",
      code.FLOW_CONTROL_ERROR,
      rawFrame(SETTINGS, 0, 0, setting(4, 2 ** 31)),
    ],
    ["6.5.2 SETTINGS_MAX_FRAME_SIZE below 2^14", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 0, setting(5, 16_383))],
    ["6.5.2 SETTINGS_MAX_FRAME_SIZE of 2^24", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 0, setting(5, 2 ** 24))],
    ["6.6 PUSH_PROMISE", code.PROTOCOL_ERROR, rawFrame(PUSH_PROMISE, endHeaders, 1, uint32(2))],
    ["6.7 PING on a stream", code.PROTOCOL_ERROR, rawFrame(PING, 0, 1, uint32(0, 0))],
    ["6.7 PING of a wrong length", code.FRAME_SIZE_ERROR, rawFrame(PING, 0, 0, "abc")],
    ["6.8 GOAWAY on a stream", code.PROTOCOL_ERROR, rawFrame(GOAWAY, 0, 1, uint32(0, 0))],
    ["6.9 WINDOW_UPDATE of 0 on the connection", code.PROTOCOL_ERROR, rawFrame(WINDOW_UPDATE, 0, 0, uint32(0))],
    ["6.9 WINDOW_UPDATE of a wrong length", code.FRAME_SIZE_ERROR, rawFrame(WINDOW_UPDATE, 0, 0, "abc")],
    [
      "6.9.1 a connection window above 2^31-1",
      code.FLOW_CONTROL_ERROR,
      rawFrame(WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1)),
    ],
    [
      "6.9.2 a stream window above 2^31-1 by SETTINGS",
      code.FLOW_CONTROL_ERROR,
      post(1),
      rawFrame(WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1 - 65_535)),
      rawFrame(SETTINGS, 0, 0, setting(4, 65_536)),
    ],
    ["6.10 CONTINUATION without HEADERS", code.PROTOCOL_ERROR, rawFrame(CONTINUATION, endHeaders, 1)],
    [
      "6.10 CONTINUATION of another stream",
      code.PROTOCOL_ERROR,
      rawFrame(HEADERS, END_STREAM, 1, longBlock.subarray(0, 5)),
      rawFrame(CONTINUATION, endHeaders, 3, longBlock.subarray(5)),
    ],
  ];
  test.each(cases)("%s", async (_, errorCode, ...bytes) => {
    const { peer } = serve();
    peer.hello();
    peer.send(...bytes);
    expect(await peer.errorCodeOf(GOAWAY)).toBe(errorCode);
    await peer.untilEnd();
  });

  test("3.4 a preface that is not HTTP/2", async () => {
    const { peer } = serve();
    peer.send(Buffer.from("GET / HTTP/1.1\r\nhost: test\r\n\r\n"));
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.PROTOCOL_ERROR);
  });

  test("3.4 a first frame that is not SETTINGS", async () => {
    const { peer } = serve();
    peer.send(clientPreface, rawFrame(PING, 0, 0, uint32(0, 0)));
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.PROTOCOL_ERROR);
  });

  test("a preface that never comes ends the connection after the preface timeout", async () => {
    const { peer } = serve({ prefaceTimeoutMs: 20 });
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.SETTINGS_TIMEOUT);
  });
});

describe("server: RFC 9113 stream errors end the stream alone", () => {
  const cases: [name: string, errorCode: number, ...bytes: Buffer[]][] = [
    ["5.1 DATA on a half-closed stream", code.STREAM_CLOSED, get(1), rawFrame(DATA, 0, 1, "x")],
    ["5.1 HEADERS on a half-closed stream", code.STREAM_CLOSED, get(1), get(1)],
    [
      "5.1 DATA on a stream the client reset",
      code.STREAM_CLOSED,
      post(1),
      rawFrame(RST_STREAM, 0, 1, uint32(8)),
      rawFrame(DATA, 0, 1, "x"),
    ],
    [
      "5.3.1 HEADERS that depend on themselves",
      code.PROTOCOL_ERROR,
      rawFrame(
        HEADERS,
        endBoth | WITH_PRIORITY,
        1,
        Buffer.concat([uint32(1), Buffer.from([0]), literalBlock(requestHeaders)]),
      ),
    ],
    ["6.3 PRIORITY of a wrong length", code.FRAME_SIZE_ERROR, post(1), rawFrame(PRIORITY, 0, 1, "abc")],
    ["6.9 WINDOW_UPDATE of 0", code.PROTOCOL_ERROR, post(1), rawFrame(WINDOW_UPDATE, 0, 1, uint32(0))],
    [
      "6.9.1 a stream window above 2^31-1",
      code.FLOW_CONTROL_ERROR,
      post(1),
      rawFrame(WINDOW_UPDATE, 0, 1, uint32(2 ** 31 - 1)),
    ],
    ["8.1 a second HEADERS frame without END_STREAM", code.PROTOCOL_ERROR, post(1), headersFrame(1, ["x", "y"])],
    ["8.1 pseudo-headers in trailers", code.PROTOCOL_ERROR, post(1), headersFrame(1, [":method", "GET"], endBoth)],
    [
      "8.1.1 content-length above the body",
      code.PROTOCOL_ERROR,
      headersFrame(1, [...requestHeaders, "content-length", "5"]),
      rawFrame(DATA, END_STREAM, 1, "abc"),
    ],
    [
      "8.1.1 content-length below the body",
      code.PROTOCOL_ERROR,
      headersFrame(1, [...requestHeaders, "content-length", "2"]),
      rawFrame(DATA, 0, 1, "abc"),
    ],
    ["8.1.1 content-length without a body", code.PROTOCOL_ERROR, field("content-length", "1")],
    ["8.1.1 two different content-lengths", code.PROTOCOL_ERROR, field("content-length", "0", "content-length", "1")],
    ["8.2 an upper-case name", code.PROTOCOL_ERROR, field("Upper", "x")],
    ["8.2.1 a space in a name", code.PROTOCOL_ERROR, field("a b", "x")],
    ["8.2.1 a line break in a value", code.PROTOCOL_ERROR, field("a", "x\r\ny")],
    ["8.2.1 a value that ends with a space", code.PROTOCOL_ERROR, field("a", "x ")],
    ["8.2.2 connection", code.PROTOCOL_ERROR, field("connection", "close")],
    ["8.2.2 transfer-encoding", code.PROTOCOL_ERROR, field("transfer-encoding", "chunked")],
    ["8.2.2 te other than trailers", code.PROTOCOL_ERROR, field("te", "gzip")],
    ["8.3 an unknown pseudo-header", code.PROTOCOL_ERROR, field(":what", "x")],
    ["8.3 a pseudo-header after a field", code.PROTOCOL_ERROR, headersFrame(1, ["a", "b", ...requestHeaders], endBoth)],
    ["8.3 a repeated pseudo-header", code.PROTOCOL_ERROR, headersFrame(1, [...requestHeaders, ":path", "/"], endBoth)],
    ["8.3.1 no :method", code.PROTOCOL_ERROR, headersFrame(1, requestHeaders.slice(2), endBoth)],
    [
      "8.3.1 an empty :path",
      code.PROTOCOL_ERROR,
      headersFrame(1, [":method", "GET", ":scheme", "http", ":path", ""], endBoth),
    ],
    ["8.3.2 :status in a request", code.PROTOCOL_ERROR, field(":status", "200")],
    ["10.5.1 a header list above the limit", code.ENHANCE_YOUR_CALM, field("a", "x".repeat(16_200))],
  ];
  test.each(cases)("%s", async (_, errorCode, ...bytes) => {
    // Nothing is answered, so that the streams stay as the client left them.
    const { peer } = serve({}, () => {});
    peer.hello();
    peer.send(...bytes);
    expect(await peer.errorCodeOf(RST_STREAM, 1)).toBe(errorCode);
    peer.send(get(7));
    await settled(peer);
    expect(peer.frames.some(({ type }) => type === GOAWAY)).toBe(false);
  });

  test("more DATA than the stream's window is a FLOW_CONTROL_ERROR, once the window is acknowledged", async () => {
    const { peer, streams } = serve({ streamWindowBytes: 10 });
    peer.hello();
    peer.send(post(1), rawFrame(DATA, 0, 1, "0123456789abc"), rawFrame(SETTINGS, ACK, 0), post(3));
    peer.send(rawFrame(DATA, 0, 3, "0123456789"), rawFrame(DATA, 0, 3, "a"));
    expect(await peer.errorCodeOf(RST_STREAM)).toBe(code.FLOW_CONTROL_ERROR);
    expect(streams.map(({ data, reset }) => [data, reset])).toEqual([
      ["0123456789abc", undefined],
      ["0123456789", code.FLOW_CONTROL_ERROR],
    ]);
  });
});

describe("server: what a request may look like", () => {
  const whole = Buffer.concat([literalBlock(requestHeaders), literalBlock(["a", "b"])]);
  test.each<[string, Buffer[], string]>([
    ["6.1 padded DATA", [post(1), rawFrame(DATA, PADDED | END_STREAM, 1, "\u0003abcxyz")], "abc"],
    [
      "6.1 DATA of padding only",
      [post(1), rawFrame(DATA, PADDED, 1, "\u0003xyz"), rawFrame(DATA, END_STREAM, 1, "a")],
      "a",
    ],
    [
      "6.2 padded HEADERS with priority",
      [
        rawFrame(
          HEADERS,
          endHeaders | PADDED | WITH_PRIORITY,
          1,
          Buffer.concat([Buffer.from([2]), uint32(0), Buffer.from([9]), whole, Buffer.from("zz")]),
        ),
        rawFrame(DATA, END_STREAM, 1, "p"),
      ],
      "p",
    ],
    [
      "6.10 a header block in three frames",
      [
        rawFrame(HEADERS, 0, 1, whole.subarray(0, 3)),
        rawFrame(CONTINUATION, 0, 1, whole.subarray(3, 20)),
        rawFrame(CONTINUATION, endHeaders, 1, whole.subarray(20)),
        rawFrame(DATA, END_STREAM, 1, "c"),
      ],
      "c",
    ],
    ["8.1 trailers", [post(1), rawFrame(DATA, 0, 1, "t"), headersFrame(1, ["x", "y"], endBoth)], "t"],
    [
      "5.5 an unknown frame type and unknown settings",
      [
        rawFrame(0x77, 0xff, 1, "?"),
        rawFrame(SETTINGS, 0, 0, setting(0x77, 1)),
        post(1),
        rawFrame(DATA, END_STREAM, 1, "u"),
      ],
      "u",
    ],
  ])("%s", async (_, bytes, data) => {
    const { peer, streams } = serve();
    peer.hello();
    peer.send(...bytes);
    const answer = await peer.next(HEADERS, 1);
    expect(peer.decode(answer!)).toEqual([":status", "200"]);
    expect((await peer.next(DATA, 1))?.payload.toString()).toBe("hello");
    expect(streams[0]?.data).toBe(data);
  });

  test("every split of the bytes gives the same", async () => {
    const bytes = Buffer.concat([
      clientPreface,
      rawFrame(SETTINGS, 0, 0, setting(4, 100_000)),
      rawFrame(HEADERS, 0, 1, whole.subarray(0, 3)),
      rawFrame(CONTINUATION, endHeaders, 1, whole.subarray(3)),
      rawFrame(DATA, PADDED, 1, "\u0002abcxy"),
      rawFrame(DATA, END_STREAM, 1, "def"),
    ]);
    for (let size = 1; size < 40; size++) {
      const { peer, streams } = serve();
      for (let at = 0; at < bytes.length; at += size) peer.send(bytes.subarray(at, at + size));
      expect((await peer.next(DATA, 1))?.payload.toString()).toBe("hello");
      expect(streams[0]).toMatchObject({ data: "abcdef", headers: [...requestHeaders, "a", "b"] });
    }
  });
});

describe("server: limits", () => {
  test("5.1.2 streams above SETTINGS_MAX_CONCURRENT_STREAMS are refused", async () => {
    const { peer } = serve({ maxConcurrentStreams: 2 });
    peer.hello();
    peer.send(post(1), post(3), post(5));
    expect(await peer.errorCodeOf(RST_STREAM, 5)).toBe(code.REFUSED_STREAM);
  });

  test.each<[string, ConnectionOptions, (round: number) => Buffer[]]>([
    [
      "rapid reset",
      { resetBurst: 50, resetsPerSecond: 1 },
      (n) => [post(2 * n + 1), rawFrame(RST_STREAM, 0, 2 * n + 1, uint32(8))],
    ],
    [
      "streams made to be reset",
      { resetBurst: 50, resetsPerSecond: 1 },
      (n) => [post(2 * n + 1), rawFrame(WINDOW_UPDATE, 0, 2 * n + 1, uint32(0))],
    ],
    ["a SETTINGS flood", { controlBurst: 50, controlPerSecond: 1 }, () => [rawFrame(SETTINGS, 0, 0)]],
    ["a PING flood", { controlBurst: 50, controlPerSecond: 1 }, () => [rawFrame(PING, 0, 0, uint32(0, 0))]],
    ["a PRIORITY flood", { controlBurst: 50, controlPerSecond: 1 }, () => [rawFrame(PRIORITY, 0, 1, "\0\0\0\0\0")]],
    [
      "empty DATA frames",
      { emptyFrameBurst: 50, emptyFramesPerSecond: 1 },
      (n) => [n === 0 ? post(1) : rawFrame(DATA, 0, 1)],
    ],
  ])("%s ends with ENHANCE_YOUR_CALM", async (_, options, round) => {
    const { peer } = serve(options);
    peer.hello();
    for (let n = 0; n < 100; n++) peer.send(...round(n));
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.ENHANCE_YOUR_CALM);
  });

  test("a peer that pings once for each answer it gets is no flood", async () => {
    const { peer } = serve({ controlBurst: 10, controlPerSecond: 1 });
    peer.hello();
    for (let n = 0; n < 100; n++) {
      peer.send(get(2 * n + 1), rawFrame(PING, 0, 0, uint32(0, n)));
      await peer.next(PING);
    }
    expect(peer.frames.some(({ type }) => type === GOAWAY)).toBe(false);
  });

  test.each<[string, Buffer]>([
    ["many small pieces", Buffer.alloc(1)],
    ["many empty pieces", Buffer.alloc(0)],
    ["few large pieces", Buffer.alloc(16_000)],
  ])("a header block in %s that does not end is cut off", async (_, piece) => {
    const { peer } = serve();
    peer.hello();
    peer.send(rawFrame(HEADERS, END_STREAM, 1, literalBlock(requestHeaders)));
    for (let n = 0; n < 40; n++) peer.send(rawFrame(CONTINUATION, 0, 1, piece));
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.ENHANCE_YOUR_CALM);
  });

  test("a peer that never reads our answers is cut off", async () => {
    const [ours, theirs] = duplexPair();
    const connection = Http2Connection.accept(
      ours,
      { lingerMs: 10, maxUnsentControlBytes: 16 * 1024, controlBurst: 1e9 },
      () => {
        throw new Error("no stream was opened");
      },
    );
    const closed = new Promise<Error | undefined>((resolve) => {
      connection.onClose = resolve;
    });
    theirs.write(clientPreface);
    theirs.write(rawFrame(SETTINGS, 0, 0));
    const pings = Buffer.concat(Array.from({ length: 1000 }, () => rawFrame(PING, 0, 0, uint32(1, 2))));
    const flood = setInterval(() => theirs.write(pings), 0);
    expect(await closed).toMatchObject({ code: code.ENHANCE_YOUR_CALM });
    clearInterval(flood);
  });
});

describe("RFC 9113 section 6.9, flow control", () => {
  const windows = (bytes: number) => setting(4, bytes);

  test("padding gives its part of the windows back by itself", async () => {
    const { peer } = serve({ streamWindowBytes: 1000 }, () => {});
    peer.hello();
    peer.send(rawFrame(SETTINGS, ACK, 0), post(1));
    for (let i = 0; i < 8; i++)
      peer.send(rawFrame(DATA, PADDED, 1, Buffer.concat([Buffer.from([200]), Buffer.alloc(200)])));
    expect((await peer.next(WINDOW_UPDATE, 1))?.payload).toEqual(uint32(1206));
    await settled(peer);
    expect(peer.frames.some(({ type }) => type === RST_STREAM)).toBe(false);
  });

  test("sends no byte more than the stream's window, and the rest when it opens", async () => {
    const { peer } = serve();
    peer.hello(windows(3));
    peer.send(get(1));
    expect((await peer.next(DATA, 1))?.payload.toString()).toBe("hel");
    await settled(peer);
    expect(peer.frames.filter(({ type }) => type === DATA)).toHaveLength(1);
    peer.send(rawFrame(WINDOW_UPDATE, 0, 1, uint32(1)));
    expect((await peer.next(DATA, 1))?.payload.toString()).toBe("l");
    peer.send(rawFrame(WINDOW_UPDATE, 0, 1, uint32(100)));
    expect(await peer.next(DATA, 1)).toMatchObject({ flags: END_STREAM, payload: Buffer.from("o") });
  });

  test("a change of SETTINGS_INITIAL_WINDOW_SIZE applies to open streams and may make windows negative (6.9.2)", async () => {
    const { peer } = serve();
    peer.hello(windows(3));
    peer.send(get(1));
    await peer.next(DATA, 1);
    peer.send(rawFrame(SETTINGS, 0, 0, windows(1)), rawFrame(WINDOW_UPDATE, 0, 1, uint32(2)));
    await settled(peer);
    expect(peer.frames.filter(({ type }) => type === DATA)).toHaveLength(1);
    peer.send(rawFrame(SETTINGS, 0, 0, windows(3)));
    expect((await peer.next(DATA, 1))?.payload.toString()).toBe("lo");
  });

  test("a stream whose window stays shut blocks itself alone", async () => {
    const { peer } = serve();
    peer.hello(windows(0));
    peer.send(get(1), get(3), rawFrame(WINDOW_UPDATE, 0, 3, uint32(5)));
    expect((await peer.next(DATA))?.streamId).toBe(3);
    peer.send(rawFrame(RST_STREAM, 0, 1, uint32(8)), get(5), rawFrame(WINDOW_UPDATE, 0, 5, uint32(5)));
    expect((await peer.next(DATA))?.streamId).toBe(5);
  });

  test("the connection window is shared and respected to the byte", async () => {
    const big = Buffer.alloc(40_000, 1);
    const { peer } = serve({}, (stream) => {
      stream.sendHeaders([":status", "200"], false);
      stream.sendData(big, true);
    });
    peer.hello();
    peer.send(get(1), get(3));
    await settled(peer);
    await settled(peer);
    const sent = () =>
      peer.frames.filter(({ type }) => type === DATA).reduce((sum, { payload }) => sum + payload.length, 0);
    expect(sent()).toBe(65_535);
    peer.send(rawFrame(WINDOW_UPDATE, 0, 0, uint32(100)));
    await settled(peer);
    await settled(peer);
    expect(sent()).toBe(65_635);
    peer.send(rawFrame(WINDOW_UPDATE, 0, 0, uint32(100_000)));
    await settled(peer);
    await settled(peer);
    expect(sent()).toBe(80_000);
  });

  test("streams with much to send take turns, a frame each", async () => {
    const { peer } = serve({}, (stream) => {
      stream.sendHeaders([":status", "200"], false);
      stream.sendData(Buffer.alloc(60_000), true);
    });
    peer.hello(windows(1_000_000));
    peer.send(rawFrame(WINDOW_UPDATE, 0, 0, uint32(1_000_000)), get(1), get(3), get(5));
    for (const id of [1, 3, 5, 1, 3, 5, 1, 3, 5]) {
      expect(await peer.next(DATA)).toMatchObject({ streamId: id, payload: { length: 16_384 } });
    }
  });

  test("streams get equal bytes, in whatever pieces they are written", async () => {
    const sizeBytes = 600_000;
    const { peer } = serve({}, (stream) => {
      const pieceBytes = stream.id === 1 ? sizeBytes : 1000;
      stream.sendHeaders([":status", "200"], false);
      for (let at = 0; at < sizeBytes; at += pieceBytes) {
        stream.sendData(Buffer.alloc(pieceBytes), at + pieceBytes === sizeBytes);
      }
    });
    peer.hello(windows(1_000_000));
    peer.send(rawFrame(WINDOW_UPDATE, 0, 0, uint32(2_000_000)), get(1), get(3));
    const sentBytes = new Map([
      [1, 0],
      [3, 0],
    ]);
    let leadBytesMax = 0;
    while (![...sentBytes.values()].includes(sizeBytes)) {
      const { streamId, payload } = (await peer.next(DATA))!;
      sentBytes.set(streamId, sentBytes.get(streamId)! + payload.length);
      leadBytesMax = Math.max(leadBytesMax, Math.abs(sentBytes.get(1)! - sentBytes.get(3)!));
    }
    expect(leadBytesMax).toBeLessThanOrEqual(2 * 16_384);
  });

  test("small data of a stream goes out ahead of what others have waiting", async () => {
    const { peer } = serve({}, (stream) => {
      stream.sendHeaders([":status", "200"], false);
      stream.sendData(Buffer.alloc(stream.id === 5 ? 100 : 500_000), true);
    });
    peer.hello(windows(1_000_000));
    peer.send(rawFrame(WINDOW_UPDATE, 0, 0, uint32(2_000_000)), get(1), get(3), get(5));
    expect(await peer.next(DATA)).toMatchObject({ streamId: 5 });
  });

  /** Two large answers wait for the connection's window, then small ones come. */
  async function besideLarge(smallBytes: number, smallIds: readonly number[]) {
    const { peer } = serve({}, (stream) => {
      stream.sendHeaders([":status", "200"], false);
      stream.sendData(Buffer.alloc(stream.id <= 3 ? 500_000 : smallBytes), true);
    });
    peer.hello(windows(1_000_000));
    peer.send(get(1), get(3));
    await settled(peer);
    peer.send(...smallIds.map(get));
    await settled(peer);
    const sent = peer.frames.filter(({ type }) => type === DATA);
    expect(sent.reduce((sum, { payload }) => sum + payload.length, 0)).toBe(65_535);
    return peer;
  }

  test("a small message goes ahead of large ones, too, that wait for the connection's window", async () => {
    const peer = await besideLarge(100, [5]);
    peer.send(rawFrame(WINDOW_UPDATE, 0, 0, uint32(100)));
    expect(await peer.next(DATA)).toMatchObject({ streamId: 5, payload: { length: 100 } });
  });

  test("many small messages let a frame of large ones through after each frame's worth of theirs", async () => {
    const smallBytes = 2_000;
    const peer = await besideLarge(
      smallBytes,
      Array.from({ length: 50 }, (_, index) => 5 + 2 * index),
    );
    peer.send(rawFrame(WINDOW_UPDATE, 0, 0, uint32(2_000_000)));
    let aheadBytes = 0;
    for (let smallLeft = 50; smallLeft > 0; ) {
      const { streamId, payload } = (await peer.next(DATA))!;
      aheadBytes = streamId <= 3 ? 0 : aheadBytes + payload.length;
      if (streamId > 3) smallLeft -= 1;
      expect(aheadBytes).toBeLessThan(16_384 + smallBytes);
    }
  });

  test("the stream window is opened by releaseWindow alone, in steps of half of it; the connection's on receipt", async () => {
    const { peer, streams } = serve({ streamWindowBytes: 1000, connectionWindowBytes: 65_535 });
    peer.hello();
    peer.send(rawFrame(SETTINGS, ACK, 0), post(1), rawFrame(DATA, 0, 1, Buffer.alloc(1000)));
    await settled(peer);
    expect(peer.frames.some(({ type }) => type === WINDOW_UPDATE)).toBe(false);
    streams[0]!.stream.releaseWindow(499);
    streams[0]!.stream.releaseWindow(100);
    expect(await peer.next(WINDOW_UPDATE)).toMatchObject({ streamId: 1, payload: uint32(599) });
    for (let id = 3; id < 3 + 64; id += 2) peer.send(post(id), rawFrame(DATA, END_STREAM, id, Buffer.alloc(1000)));
    const update = await peer.next(WINDOW_UPDATE);
    expect(update?.streamId).toBe(0);
    expect(update?.payload.readUInt32BE()).toBeGreaterThanOrEqual(65_535 >>> 1);
  });

  test("a window that has grown is opened at once by what it grew, and later in steps of half of all of it", async () => {
    const { peer, streams } = serve({ streamWindowBytes: 1000 }, () => {});
    peer.hello();
    peer.send(rawFrame(SETTINGS, ACK, 0), post(1), rawFrame(DATA, 0, 1, Buffer.alloc(1000)));
    await settled(peer);
    const [{ stream }] = streams as [Seen];
    stream.growWindow(3000);
    expect((await peer.next(WINDOW_UPDATE, 1))?.payload).toEqual(uint32(3000));
    stream.releaseWindow(1000);
    peer.send(rawFrame(DATA, 0, 1, Buffer.alloc(3000)));
    await settled(peer);
    stream.releaseWindow(1000);
    await settled(peer);
    const updates = peer.frames.filter(({ type, streamId }) => type === WINDOW_UPDATE && streamId === 1);
    expect(updates.map(({ payload }) => payload)).toEqual([uint32(3000), uint32(2000)]);
  });

  test("what is released of a stream in one turn is announced together, and not at all when its peer has ended it", async () => {
    const [ours, theirs] = duplexPair();
    const connection = Http2Connection.accept(ours, { streamWindowBytes: 1000 }, (stream) => ({
      ...{ onHeaders() {}, onTrailers() {}, onReset() {}, onWritable() {} },
      onData: ({ length }) => stream.releaseWindow(length),
    }));
    open.push(connection);
    const peer = new RawPeer(theirs, "client");
    peer.hello();
    const halves = (id: number, lastFlags: number) =>
      [0, lastFlags].map((flags) => rawFrame(DATA, flags, id, Buffer.alloc(500)));
    peer.send(Buffer.concat([rawFrame(SETTINGS, ACK, 0), post(1), post(3), ...halves(1, 0), ...halves(3, END_STREAM)]));
    await settled(peer);
    const updates = peer.frames.filter(({ type, streamId }) => type === WINDOW_UPDATE && streamId !== 0);
    expect(updates).toMatchObject([{ streamId: 1, payload: uint32(1000) }]);
  });

  test("DATA of a stream we reset still counts for the connection window and is dropped", async () => {
    const { peer, streams } = serve({ connectionWindowBytes: 65_535, streamWindowBytes: 1_000_000 });
    peer.hello();
    peer.send(post(1));
    await settled(peer);
    streams[0]!.stream.reset(code.CANCEL);
    peer.send(rawFrame(DATA, 0, 1, Buffer.alloc(16_000)), rawFrame(DATA, 0, 1, Buffer.alloc(16_000)));
    peer.send(rawFrame(DATA, END_STREAM, 1, Buffer.alloc(16_000)));
    expect(await peer.next(WINDOW_UPDATE)).toMatchObject({ streamId: 0 });
    expect(streams[0]!.data).toBe("");
    expect(peer.frames.filter(({ type }) => type === RST_STREAM)).toHaveLength(1);
  });

  test("sendData says stop above the high-water mark and onWritable comes below half of it", async () => {
    const results: boolean[] = [];
    let writable = 0;
    const [ours, theirs] = duplexPair();
    const connection = Http2Connection.accept(ours, { sendHighWaterBytes: 1000 }, (stream) => {
      stream.sendHeaders([":status", "200"], false);
      results.push(stream.sendData(Buffer.alloc(1000), false), stream.sendData(Buffer.alloc(1), false));
      return { onHeaders() {}, onData() {}, onTrailers() {}, onReset() {}, onWritable: () => writable++ };
    });
    open.push(connection);
    const peer = new RawPeer(theirs, "client");
    peer.hello(windows(0));
    peer.send(get(1));
    await settled(peer);
    expect([...results, writable]).toEqual([true, false, 0]);
    peer.send(rawFrame(WINDOW_UPDATE, 0, 1, uint32(400)));
    await settled(peer);
    expect(writable).toBe(0);
    peer.send(rawFrame(WINDOW_UPDATE, 0, 1, uint32(101)));
    await settled(peer);
    await settled(peer);
    expect(writable).toBe(1);
  });
});

describe("server: the end of a stream and of a connection", () => {
  test("an answer complete before the request is followed by RST_STREAM with NO_ERROR (8.1)", async () => {
    const { peer, streams } = serve();
    peer.hello();
    peer.send(post(1));
    await settled(peer);
    hello(streams[0]!.stream);
    expect(await peer.next(DATA, 1)).toMatchObject({ flags: END_STREAM });
    expect(await peer.errorCodeOf(RST_STREAM, 1)).toBe(code.NO_ERROR);
    peer.send(rawFrame(DATA, END_STREAM, 1, "late"));
    await settled(peer);
    expect(streams[0]!.data).toBe("");
  });

  test("drain: GOAWAY with 2^31-1, a round trip, GOAWAY with the last id, then the open stream ends (6.8)", async () => {
    const { connection, peer, streams } = serve({}, () => {});
    peer.hello();
    peer.send(get(1));
    await settled(peer);
    const drained = connection.drain();
    expect((await peer.next(GOAWAY))?.payload).toEqual(uint32(2 ** 31 - 1, 0));
    const ping = await peer.next(PING);
    peer.send(get(3), rawFrame(PING, ACK, 0, ping!.payload));
    expect((await peer.next(GOAWAY))?.payload).toEqual(uint32(3, 0));
    peer.send(get(5));
    expect(await peer.errorCodeOf(RST_STREAM, 5)).toBe(code.REFUSED_STREAM);
    expect(connection.isOpen).toBe(false);
    for (const { stream } of streams) hello(stream);
    expect(await peer.next(DATA, 3)).toMatchObject({ flags: END_STREAM });
    await peer.untilEnd();
    await drained;
  });

  test("an idle connection is closed after the idle timeout", async () => {
    const { peer } = serve({ idleTimeoutMs: 20, drainPingTimeoutMs: 10 });
    peer.hello();
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.NO_ERROR);
    await peer.untilEnd();
  });

  const reset = [post(1), rawFrame(RST_STREAM, 0, 1, uint32(8))];
  const little = { resetBurst: 1, controlBurst: 1, emptyFrameBurst: 1, maxContinuationFrames: 1 };
  test.each<[offence: string, ...bytes: Buffer[]]>([
    ["protocol_error", rawFrame(DATA, 0, 1, "x")],
    ["flow_control_error", rawFrame(WINDOW_UPDATE, 0, 0, uint32(2 ** 31 - 1))],
    ["frame_size_error", rawFrame(PING, 0, 0, "abc")],
    ["compression_error", rawFrame(HEADERS, endBoth, 1, Buffer.from([0x80]))],
    ["stream_closed", get(1), get(3), get(1)],
    ["reset_flood", ...reset, rawFrame(RST_STREAM, 0, 1, uint32(8))],
    ["control_flood", rawFrame(PING, 0, 0, uint32(0, 0)), rawFrame(PING, 0, 0, uint32(0, 0))],
    ["empty_frame_flood", post(1), rawFrame(DATA, 0, 1), rawFrame(DATA, 0, 1)],
    ["header_flood", rawFrame(HEADERS, END_STREAM, 1), rawFrame(CONTINUATION, 0, 1)],
  ])("what a peer is cut off for is told: %s", async (offence, ...bytes) => {
    const { connection, peer } = serve({ ...little, resetsPerSecond: 1, controlPerSecond: 1, emptyFramesPerSecond: 1 });
    const closed = new Promise((resolve) => {
      connection.onClose = resolve;
    });
    peer.hello();
    peer.send(...bytes);
    expect(await closed).toMatchObject({ name: "ConnectionFault", offence });
  });

  test.each([
    ["idle_timeout", { idleTimeoutMs: 20, drainPingTimeoutMs: 10 }, true],
    ["handshake_timeout", { prefaceTimeoutMs: 20 }, false],
  ])("a connection that ends for its silence tells so: %s", async (offence, options, says) => {
    const { connection, peer } = serve(options);
    const closed = new Promise((resolve) => {
      connection.onClose = resolve;
    });
    if (says) peer.hello();
    expect(await closed).toMatchObject({ offence });
  });

  test("a stream whose answer nobody reads is ended, one that is read goes on", async () => {
    const { peer } = serve({ unreadTimeoutMs: 60 }, (stream) => {
      stream.sendHeaders([":status", "200"], false);
      stream.sendData(Buffer.from("hello"), true);
    });
    peer.hello(setting(4, 0));
    peer.send(get(1), get(3), rawFrame(WINDOW_UPDATE, 0, 3, uint32(5)));
    expect(await peer.errorCodeOf(RST_STREAM)).toBe(code.ENHANCE_YOUR_CALM);
    expect(peer.frames.filter(({ type, streamId }) => type === DATA && streamId === 3)).toHaveLength(1);
    expect(peer.frames.at(-1)).toMatchObject({ type: RST_STREAM, streamId: 1 });
  });

  test("each stream that is ended for what the peer did is told with its code", async () => {
    const { connection, peer } = serve({ maxConcurrentStreams: 1 }, () => {});
    const faults: number[] = [];
    connection.onStreamFault = (errorCode) => faults.push(errorCode);
    peer.hello();
    peer.send(post(1), post(3), rawFrame(WINDOW_UPDATE, 0, 1, uint32(0)));
    await settled(peer);
    expect(faults).toEqual([code.REFUSED_STREAM, code.PROTOCOL_ERROR]);
  });

  test("a connection that is too old takes no new streams, finishes the open one and closes (gRFC A9)", async () => {
    const { peer, streams } = serve({ maxConnectionAgeMs: 20, drainPingTimeoutMs: 10 }, () => {});
    peer.hello();
    peer.send(get(1));
    expect((await peer.next(GOAWAY))?.payload).toEqual(uint32(2 ** 31 - 1, 0));
    expect((await peer.next(GOAWAY))?.payload).toEqual(uint32(1, 0));
    hello(streams[0]!.stream);
    expect(await peer.next(DATA, 1)).toMatchObject({ flags: END_STREAM });
    await peer.untilEnd();
  });

  test("a connection that is too old is closed after the grace, whatever it holds", async () => {
    const { peer, streams } = serve({ maxConnectionAgeMs: 20, maxConnectionAgeGraceMs: 20 }, () => {});
    peer.hello();
    peer.send(get(1));
    await peer.untilEnd();
    expect(streams[0]!.reset).toBe(connectionLost);
  });

  test("a silent peer that answers pings keeps its connection (6.7)", async () => {
    const { connection, peer } = serve({ keepaliveIntervalMs: 5, keepaliveTimeoutMs: 5_000 });
    peer.hello();
    for (let pings = 0; pings < 3; pings++) {
      const ping = await peer.next(PING);
      peer.send(rawFrame(PING, ACK, 0, ping!.payload));
    }
    expect(connection.isOpen).toBe(true);
  });

  test("a silent peer that answers no ping loses its connection and its streams (6.7)", async () => {
    const { connection, peer, streams } = serve({ keepaliveIntervalMs: 5, keepaliveTimeoutMs: 5 }, () => {});
    const closed = new Promise((resolve) => {
      connection.onClose = resolve;
    });
    peer.hello();
    peer.send(get(1));
    expect(await closed).toMatchObject({ message: "the peer answers no ping" });
    expect(streams[0]!.reset).toBe(connectionLost);
  });

  test("a lost connection resets its streams", async () => {
    const { connection, peer, streams } = serve({}, () => {});
    const closed = new Promise((resolve) => {
      connection.onClose = resolve;
    });
    peer.hello();
    peer.send(get(1));
    await settled(peer);
    peer.close();
    expect(await closed).toBeUndefined();
    expect(streams[0]!.reset).toBe(connectionLost);
    expect(connection).toMatchObject({ isOpen: false, streamsOpen: 0 });
  });

  test("ping tells the round-trip time, or that there was no answer", async () => {
    const { connection, peer } = serve();
    peer.hello();
    const answered = connection.ping(1000);
    const ping = await peer.next(PING);
    peer.send(rawFrame(PING, ACK, 0, ping!.payload));
    expect(await answered).toBeGreaterThanOrEqual(0);
    await expect(connection.ping(5)).rejects.toThrow("no answer");
    const lost = connection.ping(1000);
    connection.destroy();
    await expect(lost).rejects.toThrow("closed");
  });
});

describe("client", () => {
  const answer = (id: number, list: string[] = [":status", "200"], flags: number = endHeaders) =>
    headersFrame(id, list, flags);

  test("sends the preface, SETTINGS without push, and odd ids in order", async () => {
    const { connection, peer } = connect();
    request(connection);
    request(connection);
    peer.hello(undefined, "server");
    expect((await peer.next(SETTINGS))?.payload.subarray(0, 6)).toEqual(setting(2, 0));
    expect([(await peer.next(HEADERS))?.streamId, (await peer.next(HEADERS))?.streamId]).toEqual([1, 3]);
  });

  test.each<[string, Buffer[], string[]]>([
    [
      "headers, data and trailers",
      [answer(1), rawFrame(DATA, 0, 1, "a"), answer(1, ["x", "y"], endBoth)],
      ["headers :status 200", "data a", "trailers x y"],
    ],
    ["an answer of headers only", [answer(1, [":status", "204"], endBoth)], ["headers :status 204 end"]],
    [
      "15.2 of RFC 9110: interim answers are passed over",
      [answer(1, [":status", "103", "link", "x"]), answer(1), rawFrame(DATA, END_STREAM, 1, "a")],
      ["headers :status 200", "data a end"],
    ],
    ["8.1.1 an interim answer that ends the stream", [answer(1, [":status", "100"], endBoth)], ["reset 1"]],
    ["8.3.2 no :status", [answer(1, ["a", "b"])], ["reset 1"]],
    ["8.3.2 a :status that is not a number", [answer(1, [":status", "abc"])], ["reset 1"]],
    ["8.1 DATA before HEADERS", [rawFrame(DATA, 0, 1, "a")], ["reset 1"]],
    [
      "5.1 DATA after END_STREAM of a finished stream",
      [answer(1, [":status", "200"], endBoth), rawFrame(DATA, 0, 1, "a")],
      ["headers :status 200 end"],
    ],
    ["6.4 RST_STREAM", [answer(1), rawFrame(RST_STREAM, 0, 1, uint32(8))], ["headers :status 200", "reset 8"]],
    [
      "8.1.1 content-length not met",
      [answer(1, [":status", "200", "content-length", "3"]), rawFrame(DATA, END_STREAM, 1, "ab")],
      ["headers :status 200 content-length 3", "reset 1"],
    ],
  ])("%s", async (_, frames, events) => {
    const { connection, peer } = connect();
    peer.hello(undefined, "server");
    const call = request(connection);
    peer.send(...frames);
    await settled(peer);
    expect(call.events).toEqual(events);
  });

  test.each<[string, number, Buffer]>([
    ["6.6 PUSH_PROMISE", code.PROTOCOL_ERROR, rawFrame(PUSH_PROMISE, endHeaders, 1, uint32(2))],
    ["5.1.1 HEADERS on a stream that nobody opened", code.PROTOCOL_ERROR, headersFrame(2, [":status", "200"])],
    ["5.1 HEADERS on an idle stream", code.PROTOCOL_ERROR, headersFrame(5, [":status", "200"])],
    ["6.5.2 SETTINGS_ENABLE_PUSH of 1 from a server", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 0, setting(2, 1))],
  ])("%s ends the connection", async (_, errorCode, frame) => {
    const { connection, peer } = connect();
    peer.hello(undefined, "server");
    const call = request(connection);
    peer.send(frame);
    expect(await peer.errorCodeOf(GOAWAY)).toBe(errorCode);
    expect(call.events).toEqual([`reset ${connectionLost}`]);
  });

  test("5.1.2 requests above the server's SETTINGS_MAX_CONCURRENT_STREAMS wait for their turn", async () => {
    const { connection, peer } = connect({ maxQueuedRequests: 2 });
    peer.hello(setting(3, 1), "server");
    await connection.ready;
    const [first, second, third] = [request(connection), request(connection, false), request(connection)];
    expect([first, second, third].map(({ stream }) => stream.id)).toEqual([1, 0, 0]);
    expect(() => request(connection)).toThrow("too many requests");
    second!.stream.sendData(Buffer.from("body"), true);
    third!.stream.reset(code.CANCEL);
    expect(request(connection).stream.id).toBe(0);
    await peer.next(HEADERS, 1);
    peer.send(answer(1, [":status", "200"], endBoth));
    expect((await peer.next(HEADERS))?.streamId).toBe(3);
    expect(await peer.next(DATA)).toMatchObject({ streamId: 3, flags: END_STREAM, payload: Buffer.from("body") });
    peer.send(answer(3, [":status", "200"], endBoth));
    expect((await peer.next(HEADERS))?.streamId).toBe(5);
    expect(third!.events).toEqual([]);
  });

  test("6.8 GOAWAY refuses the streams above its last id, lets the others finish and closes", async () => {
    const { connection, peer } = connect();
    peer.hello(setting(3, 2), "server");
    await connection.ready;
    const calls = [request(connection), request(connection), request(connection)];
    await peer.next(HEADERS, 3);
    peer.send(rawFrame(GOAWAY, 0, 0, uint32(1, 0)));
    await settled(peer);
    expect(calls.map(({ events }) => events)).toEqual([[], ["reset 7"], ["reset 7"]]);
    expect(() => request(connection)).toThrow("draining");
    peer.send(answer(1, [":status", "200"], endBoth));
    await peer.untilEnd();
    expect(calls[0]!.events).toEqual(["headers :status 200 end"]);
  });

  test("a stream that is abandoned is silent, and ends when the peer ends it or by a reset", async () => {
    const { connection, peer } = connect();
    peer.hello(undefined, "server");
    const calls = [request(connection), request(connection)];
    await peer.next(HEADERS, 3);
    for (const { stream } of calls) stream.abandon();
    peer.send(answer(1, [":status", "200"]), rawFrame(DATA, END_STREAM, 1, "late"));
    await settled(peer);
    expect(calls.map(({ stream }) => stream.isClosed)).toEqual([true, false]);
    for (const { stream } of calls) stream.reset(code.CANCEL);
    await settled(peer);
    expect(peer.frames.filter(({ type }) => type === RST_STREAM).map(({ streamId }) => streamId)).toEqual([3]);
    expect(calls.flatMap(({ events }) => events)).toEqual([]);
    expect(connection.streamsOpen).toBe(0);
  });

  test("what an abandoned stream has not sent stays here", async () => {
    const { connection, peer } = connect();
    peer.hello(setting(4, 3), "server");
    await connection.ready;
    const { stream } = request(connection, false);
    stream.sendData(Buffer.from("abcdef"), true);
    expect((await peer.next(DATA, 1))?.payload.toString()).toBe("abc");
    stream.abandon();
    expect(connection.bufferedBytes).toBe(0);
    peer.send(rawFrame(WINDOW_UPDATE, 0, 1, uint32(10)));
    await settled(peer);
    expect(peer.frames.filter(({ type }) => type === DATA)).toHaveLength(1);
  });

  test("requests that waited are refused, those sent are lost, when the connection is lost", async () => {
    const { connection, peer } = connect();
    peer.hello(setting(3, 1), "server");
    await connection.ready;
    const calls = [request(connection), request(connection)];
    await peer.next(HEADERS, 1);
    peer.close();
    await connection.closed;
    expect(calls.map(({ events }) => events)).toEqual([[`reset ${connectionLost}`], [`reset ${code.REFUSED_STREAM}`]]);
  });

  test("frames of streams it has cancelled are passed over", async () => {
    const { connection, peer } = connect();
    peer.hello(undefined, "server");
    const call = request(connection);
    await peer.next(HEADERS, 1);
    call.stream.reset(code.CANCEL);
    peer.send(answer(1), rawFrame(DATA, 0, 1, "late"), answer(1, ["x", "y"], endBoth));
    await settled(peer);
    expect(call.events).toEqual([]);
    expect(connection.isOpen).toBe(true);
  });

  test("drain lets the open streams finish and takes no more", async () => {
    const { connection, peer } = connect();
    peer.hello(undefined, "server");
    const call = request(connection);
    await peer.next(HEADERS, 1);
    const drained = connection.drain();
    expect((await peer.next(GOAWAY))?.payload).toEqual(uint32(0, 0));
    expect(() => request(connection)).toThrow("draining");
    peer.send(answer(1, [":status", "200"], endBoth));
    await drained;
    expect(call.events).toEqual(["headers :status 200 end"]);
  });
});
