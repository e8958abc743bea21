// What a client must make of what a server sends, by the sections of RFC 9113 and RFC 9110. That of a server is in
// connection.test.ts, with what both share.
import { afterEach, describe, expect, test } from "vitest";
import { connectToScript, request, type ScriptedConnection, settled } from "../testing/client-connection.js";
import { endBoth, endHeaders, headersFrame, literalBlock, rawFrame, setting, uint32 } from "../testing/raw-peer.js";
import type { Http2Connection } from "./connection.js";
import { Http2ErrorCode as code, connectionLost } from "./error-code.js";
import { FrameFlag, FrameType } from "./frame.js";
import type { ConnectionOptions } from "./limits.js";

const { DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION } =
  FrameType;
const { END_STREAM, PADDED, PRIORITY: WITH_PRIORITY, ACK } = FrameFlag;
const unknownType = 0xbe;
const undefinedFlags = 0x52;
const reservedBit = 2 ** 31;
const maxWindowBytes = 2 ** 31 - 1;

const ok = [":status", "200"];
const answer = (list: readonly string[] = ok, flags: number = endHeaders) => headersFrame(1, list, flags);
const okBlock = literalBlock(ok);

let open: Http2Connection | undefined;
afterEach(() => open?.destroy());

/** A client whose server has said hello. */
function connected(options?: ConnectionOptions, settings?: Buffer): ScriptedConnection {
  const scripted = connectToScript(options);
  open = scripted.connection;
  scripted.peer.hello(settings, "server");
  return scripted;
}

describe("client: RFC 9113 connection errors end with GOAWAY and their code, and lose the request", () => {
  test.each<[name: string, errorCode: number, ...frames: Buffer[]]>([
    [
      "4.2 a frame above SETTINGS_MAX_FRAME_SIZE",
      code.FRAME_SIZE_ERROR,
      answer(),
      rawFrame(DATA, 0, 1, Buffer.alloc(16_385)),
    ],
    [
      "4.3 a header block that cannot be decoded",
      code.COMPRESSION_ERROR,
      rawFrame(HEADERS, endHeaders, 1, Buffer.from([0x80])),
    ],
    ["5.1 DATA on an idle stream", code.PROTOCOL_ERROR, rawFrame(DATA, 0, 3, "x")],
    ["5.1 WINDOW_UPDATE on an idle stream", code.PROTOCOL_ERROR, rawFrame(WINDOW_UPDATE, 0, 3, uint32(1))],
    ["5.1 HEADERS on a finished stream", code.STREAM_CLOSED, answer(ok, endBoth), answer(ok, endBoth)],
    ["5.1.1 HEADERS on a stream of the server's own", code.PROTOCOL_ERROR, headersFrame(2, ok)],
    ["6.1 DATA on stream 0", code.PROTOCOL_ERROR, rawFrame(DATA, 0, 0, "x")],
    ["6.1 padding as long as the DATA frame", code.PROTOCOL_ERROR, answer(), rawFrame(DATA, PADDED, 1, "\x05abcd")],
    ["6.2 HEADERS on stream 0", code.PROTOCOL_ERROR, headersFrame(0, ok)],
    [
      "6.2 padding longer than the HEADERS frame",
      code.PROTOCOL_ERROR,
      rawFrame(HEADERS, endHeaders | PADDED, 1, "\x09ab"),
    ],
    [
      "6.2 HEADERS too short for their priority",
      code.FRAME_SIZE_ERROR,
      rawFrame(HEADERS, endHeaders | WITH_PRIORITY, 1, "abcd"),
    ],
    ["6.3 PRIORITY on stream 0", code.PROTOCOL_ERROR, rawFrame(PRIORITY, 0, 0, Buffer.alloc(5))],
    ["6.4 RST_STREAM on stream 0", code.PROTOCOL_ERROR, rawFrame(RST_STREAM, 0, 0, uint32(8))],
    ["6.4 RST_STREAM on an idle stream", code.PROTOCOL_ERROR, rawFrame(RST_STREAM, 0, 3, uint32(8))],
    ["6.4 RST_STREAM of three bytes", code.FRAME_SIZE_ERROR, rawFrame(RST_STREAM, 0, 1, "abc")],
    ["6.5 SETTINGS on a stream", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 1)],
    ["6.5 a SETTINGS acknowledgement with settings", code.FRAME_SIZE_ERROR, rawFrame(SETTINGS, ACK, 0, setting(3, 1))],
    ["6.5 SETTINGS of five bytes", code.FRAME_SIZE_ERROR, rawFrame(SETTINGS, 0, 0, "abcde")],
    ["6.5.2 SETTINGS_ENABLE_PUSH of 2", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 0, setting(2, 2))],
    [
      "6.5.2 SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1",
      code.FLOW_CONTROL_ERROR,
      rawFrame(SETTINGS, 0, 0, setting(4, 2 ** 31)),
    ],
    ["6.5.2 SETTINGS_MAX_FRAME_SIZE below 2^14", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 0, setting(5, 16_383))],
    ["6.5.2 SETTINGS_MAX_FRAME_SIZE above 2^24-1", code.PROTOCOL_ERROR, rawFrame(SETTINGS, 0, 0, setting(5, 2 ** 24))],
    [
      "6.6 and 8.4 PUSH_PROMISE, which is not enabled",
      code.PROTOCOL_ERROR,
      rawFrame(PUSH_PROMISE, endHeaders, 1, uint32(2)),
    ],
    ["6.7 PING on a stream", code.PROTOCOL_ERROR, rawFrame(PING, 0, 1, uint32(0, 0))],
    ["6.7 PING of seven bytes", code.FRAME_SIZE_ERROR, rawFrame(PING, 0, 0, "abcdefg")],
    ["6.8 GOAWAY on a stream", code.PROTOCOL_ERROR, rawFrame(GOAWAY, 0, 1, uint32(0, 0))],
    ["6.8 GOAWAY of seven bytes", code.FRAME_SIZE_ERROR, rawFrame(GOAWAY, 0, 0, "abcdefg")],
    ["6.9 WINDOW_UPDATE of three bytes", code.FRAME_SIZE_ERROR, rawFrame(WINDOW_UPDATE, 0, 0, "abc")],
    ["6.9 WINDOW_UPDATE of 0 on the connection", code.PROTOCOL_ERROR, rawFrame(WINDOW_UPDATE, 0, 0, uint32(0))],
    [
      "6.9.1 a connection window above 2^31-1",
      code.FLOW_CONTROL_ERROR,
      rawFrame(WINDOW_UPDATE, 0, 0, uint32(maxWindowBytes)),
    ],
    ["6.10 CONTINUATION without HEADERS", code.PROTOCOL_ERROR, rawFrame(CONTINUATION, endHeaders, 1, okBlock)],
    [
      "6.10 another frame within a header block",
      code.PROTOCOL_ERROR,
      rawFrame(HEADERS, 0, 1, okBlock),
      rawFrame(PING, 0, 0, uint32(0, 0)),
    ],
    [
      "6.10 CONTINUATION of another stream",
      code.PROTOCOL_ERROR,
      rawFrame(HEADERS, 0, 1, okBlock),
      rawFrame(CONTINUATION, endHeaders, 3, okBlock),
    ],
  ])("%s", async (_, errorCode, ...frames) => {
    const { connection, peer } = connected();
    const { events } = request(connection);
    peer.send(...frames);
    expect(await peer.errorCodeOf(GOAWAY)).toBe(errorCode);
    await peer.untilEnd();
    expect(connection.isOpen).toBe(false);
    expect(events.at(-1)).toMatch(new RegExp(`^reset ${connectionLost}$|end$`));
  });

  test("3.4 a first frame that is not SETTINGS", async () => {
    const { connection, peer } = connectToScript();
    open = connection;
    peer.send(rawFrame(PING, 0, 0, uint32(0, 0)));
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.PROTOCOL_ERROR);
    await expect(connection.ready).rejects.toThrow("closed");
  });

  test("6.9.1 more DATA than the connection's window", async () => {
    const { connection, peer } = connected({ connectionWindowBytes: 65_535, maxFrameBytes: 70_000 });
    request(connection);
    await settled(peer);
    peer.send(answer(), rawFrame(DATA, 0, 1, Buffer.alloc(65_536)));
    expect(await peer.errorCodeOf(GOAWAY)).toBe(code.FLOW_CONTROL_ERROR);
  });
});

describe("client: stream errors end the request alone, with RST_STREAM and their code", () => {
  test.each<[name: string, errorCode: number, ...frames: Buffer[]]>([
    [
      "6.3 a stream that depends on itself",
      code.PROTOCOL_ERROR,
      rawFrame(PRIORITY, 0, 1, Buffer.concat([uint32(1), Buffer.alloc(1)])),
    ],
    ["6.3 PRIORITY of four bytes", code.FRAME_SIZE_ERROR, rawFrame(PRIORITY, 0, 1, uint32(0))],
    ["6.9 WINDOW_UPDATE of 0", code.PROTOCOL_ERROR, rawFrame(WINDOW_UPDATE, 0, 1, uint32(0))],
    ["6.9.1 a window above 2^31-1", code.FLOW_CONTROL_ERROR, rawFrame(WINDOW_UPDATE, 0, 1, uint32(maxWindowBytes))],
    ["8.1 DATA before the headers", code.PROTOCOL_ERROR, rawFrame(DATA, 0, 1, "a")],
    ["8.1 an interim answer that ends the stream", code.PROTOCOL_ERROR, answer([":status", "103"], endBoth)],
    ["8.1 trailers that do not end the stream", code.PROTOCOL_ERROR, answer(), answer(["x", "y"])],
    ["8.1 a pseudo-header in trailers", code.PROTOCOL_ERROR, answer(), answer([":status", "200"], endBoth)],
    [
      "8.1.1 less than content-length",
      code.PROTOCOL_ERROR,
      answer([...ok, "content-length", "3"]),
      rawFrame(DATA, END_STREAM, 1, "ab"),
    ],
    [
      "8.1.1 more than content-length",
      code.PROTOCOL_ERROR,
      answer([...ok, "content-length", "3"]),
      rawFrame(DATA, 0, 1, "abcd"),
    ],
    [
      "8.1.1 less than content-length before trailers",
      code.PROTOCOL_ERROR,
      answer([...ok, "content-length", "3"]),
      answer(["x", "y"], endBoth),
    ],
    ["8.2.1 a name in upper case", code.PROTOCOL_ERROR, answer([...ok, "X-Name", "y"])],
    ["8.2.1 a name with a space", code.PROTOCOL_ERROR, answer([...ok, "x name", "y"])],
    ["8.2.1 a name with a colon", code.PROTOCOL_ERROR, answer([...ok, "x:name", "y"])],
    ["8.2.1 an empty name", code.PROTOCOL_ERROR, answer([...ok, "", "y"])],
    ["8.2.1 a value with NUL", code.PROTOCOL_ERROR, answer([...ok, "x", "a\0b"])],
    ["8.2.1 a value with CR", code.PROTOCOL_ERROR, answer([...ok, "x", "a\rb"])],
    ["8.2.1 a value with LF", code.PROTOCOL_ERROR, answer([...ok, "x", "a\nb"])],
    ["8.2.1 a value that begins with a space", code.PROTOCOL_ERROR, answer([...ok, "x", " a"])],
    ["8.2.1 a value that ends with a tab", code.PROTOCOL_ERROR, answer([...ok, "x", "a\t"])],
    ["8.2.2 connection", code.PROTOCOL_ERROR, answer([...ok, "connection", "close"])],
    ["8.2.2 keep-alive", code.PROTOCOL_ERROR, answer([...ok, "keep-alive", "timeout=5"])],
    ["8.2.2 proxy-connection", code.PROTOCOL_ERROR, answer([...ok, "proxy-connection", "close"])],
    ["8.2.2 transfer-encoding", code.PROTOCOL_ERROR, answer([...ok, "transfer-encoding", "chunked"])],
    ["8.2.2 upgrade", code.PROTOCOL_ERROR, answer([...ok, "upgrade", "h2c"])],
    ["8.3 a pseudo-header after a field", code.PROTOCOL_ERROR, answer(["x", "y", ...ok])],
    ["8.3 a pseudo-header that nobody defined", code.PROTOCOL_ERROR, answer([...ok, ":reason", "OK"])],
    ["8.3 a pseudo-header twice", code.PROTOCOL_ERROR, answer([...ok, ...ok])],
    ["8.3.2 a pseudo-header of requests", code.PROTOCOL_ERROR, answer([...ok, ":path", "/"])],
    ["8.3.2 no :status", code.PROTOCOL_ERROR, answer(["x", "y"])],
    ["15 of RFC 9110: a :status of two digits", code.PROTOCOL_ERROR, answer([":status", "20"])],
    ["15 of RFC 9110: a :status of four digits", code.PROTOCOL_ERROR, answer([":status", "2000"])],
    [
      "10.5.1 headers above SETTINGS_MAX_HEADER_LIST_SIZE",
      code.ENHANCE_YOUR_CALM,
      answer([...ok, "x", "y".repeat(300)]),
    ],
  ])("%s", async (_, errorCode, ...frames) => {
    const { connection, peer } = connected({ maxHeaderListBytes: 256 });
    const { events } = request(connection, false);
    peer.send(...frames);
    expect(await peer.errorCodeOf(RST_STREAM, 1)).toBe(errorCode);
    expect(events.at(-1)).toBe(`reset ${errorCode}`);
    await settled(peer);
    expect(connection.isOpen).toBe(true);
  });

  test("6.9.1 more DATA than the stream's window", async () => {
    const { connection, peer } = connected({ streamWindowBytes: 10 });
    const { events } = request(connection);
    peer.send(rawFrame(SETTINGS, ACK, 0), answer(), rawFrame(DATA, 0, 1, "0123456789a"));
    expect(await peer.errorCodeOf(RST_STREAM, 1)).toBe(code.FLOW_CONTROL_ERROR);
    expect(events.at(-1)).toBe(`reset ${code.FLOW_CONTROL_ERROR}`);
    expect(connection.isOpen).toBe(true);
  });
});

describe("client: what a server may send", () => {
  const whole = ["headers :status 200", "data a end"];
  const end = rawFrame(DATA, END_STREAM, 1, "a");

  test.each<[name: string, events: string[], ...frames: Buffer[]]>([
    [
      "4.1 frames of an unknown type are ignored",
      whole,
      rawFrame(unknownType, 0, 1, "x"),
      answer(),
      rawFrame(unknownType, 0, 0),
      end,
    ],
    ["4.1 undefined flags are ignored", whole, answer(), rawFrame(DATA, END_STREAM | undefinedFlags, 1, "a")],
    [
      "4.1 the reserved bit of a stream id is ignored",
      whole,
      answer(),
      rawFrame(DATA, END_STREAM, (1 | reservedBit) >>> 0, "a"),
    ],
    [
      "4.2 a frame of exactly SETTINGS_MAX_FRAME_SIZE",
      ["headers :status 200", `data ${"a".repeat(16_384)} end`],
      answer(),
      rawFrame(DATA, END_STREAM, 1, "a".repeat(16_384)),
    ],
    [
      "5.1 frames of a finished stream that do not matter",
      ["headers :status 200 end"],
      answer(ok, endBoth),
      rawFrame(WINDOW_UPDATE, 0, 1, uint32(1)),
      rawFrame(PRIORITY, 0, 1, Buffer.alloc(5)),
      rawFrame(RST_STREAM, 0, 1, uint32(0)),
    ],
    [
      "5.3.2 PRIORITY, also of streams that nobody opened",
      whole,
      rawFrame(PRIORITY, 0, 99, Buffer.alloc(5)),
      answer(),
      end,
    ],
    ["6.1 padding is taken off", whole, answer(), rawFrame(DATA, END_STREAM | PADDED, 1, "\x03a\0\0\0")],
    ["6.1 DATA that is nothing but padding", whole, answer(), rawFrame(DATA, PADDED, 1, "\x02\0\0"), end],
    [
      "6.2 padding and priority of HEADERS are taken off",
      whole,
      rawFrame(
        HEADERS,
        endHeaders | PADDED | WITH_PRIORITY,
        1,
        Buffer.concat([Buffer.from([2]), Buffer.alloc(5), okBlock, Buffer.alloc(2)]),
      ),
      end,
    ],
    [
      "6.5.2 settings that nobody defined are ignored",
      whole,
      rawFrame(SETTINGS, 0, 0, setting(0xfa, 1)),
      answer(),
      end,
    ],
    [
      "6.10 a header block in pieces",
      whole,
      rawFrame(HEADERS, 0, 1, okBlock.subarray(0, 3)),
      rawFrame(CONTINUATION, 0, 1),
      rawFrame(CONTINUATION, endHeaders, 1, okBlock.subarray(3)),
      end,
    ],
    ["8.1 trailers", ["headers :status 200", "trailers x y"], answer(), answer(["x", "y"], endBoth)],
    [
      "8.1.1 exactly content-length",
      ["headers :status 200 content-length 1", "data a end"],
      answer([...ok, "content-length", "1"]),
      end,
    ],
    [
      "8.1.1 content-length without content, as for HEAD",
      ["headers :status 200 content-length 9 end"],
      answer([...ok, "content-length", "9"], endBoth),
    ],
    [
      "8.2.3 several cookie fields stay apart",
      ["headers :status 200 cookie a cookie b end"],
      answer([...ok, "cookie", "a", "cookie", "b"], endBoth),
    ],
    [
      "15.2 of RFC 9110: several interim answers",
      whole,
      answer([":status", "103"]),
      answer([":status", "103"]),
      answer(),
      end,
    ],
    [
      "15 of RFC 9110: a status code that nobody defined",
      ["headers :status 299 end"],
      answer([":status", "299"], endBoth),
    ],
    [
      "5.5 of RFC 9110: a value with bytes beyond ASCII",
      ["headers :status 200 x \xe9 end"],
      answer([...ok, "x", "\xe9"], endBoth),
    ],
    [
      "8.1 RST_STREAM with NO_ERROR after a whole answer",
      ["headers :status 200 end"],
      answer(ok, endBoth),
      rawFrame(RST_STREAM, 0, 1, uint32(0)),
    ],
  ])("%s", async (_, events, ...frames) => {
    const { connection, peer } = connected();
    const call = request(connection);
    peer.send(...frames);
    await settled(peer);
    expect(call.events).toEqual(events);
    expect(connection.isOpen).toBe(true);
  });

  test("6.5.3 SETTINGS are acknowledged, in order", async () => {
    const { peer } = connected();
    peer.send(rawFrame(SETTINGS, 0, 0, setting(3, 7)));
    await settled(peer);
    const acknowledgements = peer.frames.filter(({ type, flags }) => type === SETTINGS && flags === ACK);
    expect(acknowledgements).toHaveLength(2);
  });

  test("6.7 PING comes back with its payload", async () => {
    const { peer } = connected();
    peer.send(rawFrame(PING, 0, 0, "\x01\x02\x03\x04\x05\x06\x07\x08"));
    expect(await peer.next(PING)).toMatchObject({ flags: ACK, payload: Buffer.from([1, 2, 3, 4, 5, 6, 7, 8]) });
  });
});

describe("client: what it sends", () => {
  test("6.9.2 no byte more than the window that the server's SETTINGS give, and the rest when it opens", async () => {
    const { connection, peer } = connected({}, setting(4, 5));
    await connection.ready;
    request(connection, false).stream.sendData(Buffer.from("0123456789"), true);
    expect((await peer.next(DATA, 1))?.payload.toString()).toBe("01234");
    peer.send(rawFrame(WINDOW_UPDATE, 0, 1, uint32(1)));
    expect((await peer.next(DATA, 1))?.payload.toString()).toBe("5");
    peer.send(rawFrame(SETTINGS, 0, 0, setting(4, 100)));
    expect(await peer.next(DATA, 1)).toMatchObject({ flags: END_STREAM, payload: Buffer.from("6789") });
  });

  test("4.2 no frame above the server's SETTINGS_MAX_FRAME_SIZE", async () => {
    const { connection, peer } = connected({}, setting(5, 20_000));
    await connection.ready;
    request(connection, false).stream.sendData(Buffer.alloc(50_000), true);
    await settled(peer);
    const sizes = peer.frames.filter(({ type }) => type === DATA).map(({ payload }) => payload.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(20_000);
    expect(sizes.reduce((left, right) => left + right)).toBe(50_000);
  });

  test("8.1 a server that has answered in full may refuse the rest of the request with NO_ERROR", async () => {
    const { connection, peer } = connected();
    const call = request(connection, false);
    peer.send(answer(ok, endBoth), rawFrame(RST_STREAM, 0, 1, uint32(0)));
    await settled(peer);
    expect(call.events[0]).toBe("headers :status 200 end");
    call.stream.sendData(Buffer.from("late"), true);
    await settled(peer);
    expect(peer.frames.filter(({ type }) => type === DATA)).toEqual([]);
    expect(connection.isOpen).toBe(true);
  });
});
