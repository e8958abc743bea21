import { describe, expect, test } from "vitest";
import { seededRandom } from "../testing/seeded-random.js";
import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import { appendMetadata, metadataOf } from "./grpc-metadata.js";
import { responseError, statusOfTrailers, statusTrailers } from "./grpc-status.js";
import { decodeStatusMessage, encodeStatusMessage } from "./grpc-status-message.js";
import { encodeTimeout, parseTimeout } from "./grpc-timeout.js";
import { frameMessage, MessageReader } from "./message-reader.js";

describe("grpc-timeout", () => {
  test.each([
    [0, "0n"],
    [-1, "0n"],
    [1, "1m"],
    [1500, "1500m"],
    [0.25, "250u"],
    [99_999_999, "99999999m"],
    [100_000_000, "100000S"],
    [1e15, "99999999H"],
  ])("%d ms is sent as %s", (ms, text) => expect(encodeTimeout(ms)).toBe(text));

  test.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["4m", 4],
    ["500u", 0.5],
    ["1000000n", 1],
    ["99999999S", 99_999_999_000],
  ])("%s is %d ms", (text, ms) => expect(parseTimeout(text)).toBeCloseTo(ms, 9));

  test.each(["", "1", "S", "1s", "-1S", "1.5S", "123456789S", "1S ", " 1S"])("%j is malformed", (text) => {
    expect(() => parseTimeout(text)).toThrow(expect.objectContaining({ code: GrpcCode.INVALID_ARGUMENT }));
  });
});

describe("grpc-message", () => {
  test.each([
    ["plain text", "plain text"],
    ["100%", "100%25"],
    ["ça", "%C3%A7a"],
    ["line\nbreak", "line%0Abreak"],
    [" edges ", "%20edges%20"],
    ["\t😈", "%09%F0%9F%98%88"],
    ["", ""],
  ])("%j is sent as %j and comes back", (text, wire) => {
    expect(encodeStatusMessage(text)).toBe(wire);
    expect(decodeStatusMessage(wire)).toBe(text);
  });

  test.each(["50%", "%zz", "%4", "a%"])("malformed %j is kept", (text) => expect(decodeStatusMessage(text)).toBe(text));
});

describe("metadata", () => {
  test("binary values are base64 without padding; joined ones are taken apart", () => {
    const headers: string[] = [];
    appendMetadata(headers, [
      ["a", " text "],
      ["b-bin", Buffer.from([255])],
    ]);
    expect(headers).toEqual(["a", "text", "b-bin", "/w"]);
    expect(metadataOf([":status", "200", "grpc-status", "0", "a", "1", "b-bin", "/w==, AQI"])).toEqual([
      ["a", "1"],
      ["b-bin", Buffer.from([255])],
      ["b-bin", Buffer.from([1, 2])],
    ]);
  });

  test.each<[string, string | Uint8Array]>([
    ["Upper", "x"],
    ["grpc-x", "x"],
    [":path", "x"],
    ["te", "x"],
    ["a b", "x"],
    ["a", "line\nbreak"],
    ["a", "é"],
    ["a", new Uint8Array(1)],
  ])("%j with %j is refused", (name, value) => expect(() => appendMetadata([], [[name, value]])).toThrow(TypeError));
});

describe("status", () => {
  test("an error comes back from its trailers", () => {
    const details = Buffer.from([8, 5]);
    const trailers = statusTrailers(GrpcCode.NOT_FOUND, "nö", details, [["x", "y"]]);
    expect(statusOfTrailers(trailers)).toMatchObject({ code: 5, message: "nö", details, metadata: [["x", "y"]] });
  });

  test.each<[string, string[], number | undefined]>([
    ["OK", ["grpc-status", "0"], undefined],
    ["no status", ["x", "y"], GrpcCode.UNKNOWN],
    ["a status that is no number", ["grpc-status", "abc"], GrpcCode.UNKNOWN],
    ["a status nobody knows", ["grpc-status", "99"], GrpcCode.UNKNOWN],
  ])("%s", (_, trailers, code) => expect(statusOfTrailers(trailers)?.code).toBe(code));

  test.each([
    ["200", "text/html", GrpcCode.UNKNOWN],
    ["200", "application/grpc-web", GrpcCode.UNKNOWN],
    ["400", "text/html", GrpcCode.INTERNAL],
    ["401", "text/html", GrpcCode.UNAUTHENTICATED],
    ["403", "text/html", GrpcCode.PERMISSION_DENIED],
    ["404", "text/html", GrpcCode.UNIMPLEMENTED],
    ["429", "text/html", GrpcCode.UNAVAILABLE],
    ["502", "text/html", GrpcCode.UNAVAILABLE],
    ["503", "text/html", GrpcCode.UNAVAILABLE],
    ["504", "text/html", GrpcCode.UNAVAILABLE],
    ["500", "text/html", GrpcCode.UNKNOWN],
    ["200", "application/grpc", undefined],
    ["200", "application/grpc+proto", undefined],
    ["200", "application/grpc;charset=x", undefined],
  ])("an answer of HTTP %s and %s has code %s", (status, type, code) => {
    expect(responseError([":status", status, "content-type", type])?.code).toBe(code);
  });

  test("an answer compressed though nothing was offered is INTERNAL", () => {
    const headers = [":status", "200", "content-type", "application/grpc", "grpc-encoding", "gzip"];
    expect(responseError(headers)?.code).toBe(GrpcCode.INTERNAL);
  });
});

describe("MessageReader", () => {
  test.each([1, 2, 3, 4, 5, 6])("random messages in random pieces come out whole (seed %i)", (seed) => {
    const random = seededRandom(seed);
    const sent = Array.from({ length: 200 }, () =>
      Buffer.alloc(random.below(random.below(5) === 0 ? 600_000 : 20), random.below(256)),
    );
    const bytes = Buffer.concat(sent.map(frameMessage));
    const reader = new MessageReader(1_000_000);
    const received: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const end = Math.min(bytes.length, at + random.below(random.below(3) === 0 ? 400_000 : 8));
      const lent = Buffer.from(bytes.subarray(at, end));
      reader.read(lent, ({ message }) => received.push(message));
      lent.fill(0xee);
      at = end;
    }
    expect(Buffer.concat(received).equals(Buffer.concat(sent))).toBe(true);
    expect(received.map(({ length }) => length)).toEqual(sent.map(({ length }) => length));
    expect(reader.pendingBytes).toBe(0);
  });

  test.each<[string, string, number]>([
    ["a length above the limit, before its bytes come", "000000000b", GrpcCode.RESOURCE_EXHAUSTED],
    ["a length that lies", "00ffffffff", GrpcCode.RESOURCE_EXHAUSTED],
    ["a flag that is neither 0 nor 1", "0200000001", GrpcCode.INTERNAL],
  ])("%s", (_, hex, code) => {
    const reader = new MessageReader(10);
    const read = () => reader.read(Buffer.from(hex, "hex"), () => {});
    expect(read).toThrow(expect.objectContaining({ code }));
  });
});

test("a GrpcError is an Error that tells its code", () => {
  const cause = new Error("why");
  const error = new GrpcError({ code: GrpcCode.NOT_FOUND, message: "gone", cause });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: "GrpcError NOT_FOUND",
    message: "gone",
    cause,
    details: undefined,
    metadata: [],
  });
});
