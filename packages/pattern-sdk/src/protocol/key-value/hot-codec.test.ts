import type { OutgoingMessage } from "@prism-data/transport";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GetRequest, GetResponse, SetRequest, SetResponse } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { decodeMessage, encodeMessage } from "../message.js";
import { decodeGetRequest, decodeSetRequest, encodeGetResponse, encodeSetResponse } from "./hot-codec.js";
import { wireEntry } from "./wire-answers.js";

const text = fc.string({ unit: "binary", maxLength: 300 });
const bytes = fc.uint8Array({ maxLength: 300 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const setRequest: fc.Arbitrary<SetRequest> = fc.record({
  namespace: text,
  key: text,
  value: bytes,
  ttl: maybe(fc.record({ seconds: fc.bigInt({ min: 0n, max: 1n << 40n }), nanos: fc.nat(999_999_999) })),
  condition: maybe(
    fc.oneof(
      fc.record({ $case: fc.constant("ifAbsent" as const), value: fc.boolean() }),
      fc.record({ $case: fc.constant("ifEtag" as const), value: text }),
    ),
  ),
  idempotencyToken: maybe(
    fc.record({
      time: fc.constant({ seconds: 1_700_000_000n, nanos: 5_000 }),
      nonce: fc.uint8Array({ maxLength: 16 }),
    }),
  ),
});
const plain = (message: SetRequest) => ({ ...message, value: [...message.value] });

/** What a decoder makes of bytes: the message, or that it refuses them. */
function outcome<T>(decode: (bytes: Uint8Array) => T, message: Uint8Array): T | "refused" {
  try {
    return decode(message);
  } catch {
    return "refused";
  }
}

describe("the codec by hand is the same as the generated one", () => {
  test("for every GetRequest", () => {
    fc.assert(
      fc.property(fc.record({ namespace: text, key: text }), (request) => {
        expect(decodeGetRequest(encodeMessage(GetRequest, request))).toEqual(request);
      }),
    );
  });

  test("for every SetRequest", () => {
    fc.assert(
      fc.property(setRequest, (request) => {
        const message = encodeMessage(SetRequest, request);
        expect(plain(decodeSetRequest(message))).toEqual(plain(SetRequest.decode(message)));
      }),
    );
  });

  test("for any bytes, good or bad, given as GetRequest or SetRequest", () => {
    const fieldLike = fc.array(fc.constantFrom(0x00, 0x0a, 0x12, 0x1a, 0x22, 0x28, 0x01, 0x02, 0x41, 0xc3, 0xa9, 0xff));
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          fieldLike.map((codes) => Uint8Array.from(codes)),
        ),
        (message) => {
          const get = outcome((m) => decodeMessage(GetRequest, m, "GetRequest"), message);
          expect(outcome(decodeGetRequest, message)).toEqual(get);
          const set = outcome((m) => plain(decodeMessage(SetRequest, m, "SetRequest")), message);
          expect(outcome((m) => plain(decodeSetRequest(m)), message)).toEqual(set);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("for every GetResponse", () => {
    const entry = fc.record({ value: bytes, etag: text, expiresAtMs: maybe(fc.nat()) });
    fc.assert(
      fc.property(maybe(entry), (found) => {
        expect([...whole(encodeGetResponse(found))]).toEqual([...encodeMessage(GetResponse, wireEntry(found))]);
      }),
    );
  });

  test.each([0, 1, 127, 128, 4095, 4096, 16_383, 16_384, 2_097_151, 2_097_152])(
    "for a value of %d bytes",
    (sizeBytes) => {
      const entry = { value: Buffer.alloc(sizeBytes, 7), etag: "e" };
      const message = whole(encodeGetResponse(entry));
      expect(message.equals(encodeMessage(GetResponse, wireEntry(entry)))).toBe(true);
      const request = { ...SetRequest.decode(new Uint8Array(0)), namespace: "n", key: "k", value: entry.value };
      const decoded = decodeSetRequest(encodeMessage(SetRequest, request));
      expect(Buffer.from(decoded.value).equals(entry.value)).toBe(true);
    },
  );

  test("for every SetResponse", () => {
    fc.assert(
      fc.property(text, (etag) => {
        expect([...encodeSetResponse({ etag })]).toEqual([...encodeMessage(SetResponse, { etag })]);
      }),
    );
  });
});

describe("a decoded value", () => {
  const request = { ...SetRequest.decode(new Uint8Array(0)), namespace: "n", key: "k", value: Buffer.from("value") };
  const message = encodeMessage(SetRequest, request);

  test.each([
    ["by hand", decodeSetRequest],
    ["by the generated code", (m: Uint8Array) => decodeMessage(SetRequest, m, "SetRequest")],
  ])("is a view into the message when it is decoded %s", (_, decode) => {
    expect(decode(message).value.buffer).toBe(message.buffer);
  });
});

describe("bytes that are no message", () => {
  test.each([
    ["that end in the middle of a field", [0x0a, 0x05, 0x61]],
    ["with text that is no UTF-8", [0x12, 0x02, 0xc3, 0x28]],
    ["with a lone byte of 0xff", [0xff]],
    ["with a tag of 0", [0x0a, 0x01, 0x61, 0x00, 0x12, 0x01, 0x62]],
    ["with the end of a group that never began", [0x0c, 0x12, 0x01, 0x62]],
    ["with a wire type that does not exist", [0x0f, 0x01]],
  ])("%s are MALFORMED_MESSAGE", (_, wireBytes) => {
    const message = Uint8Array.from(wireBytes);
    expect(() => decodeGetRequest(message)).toThrow(expect.objectContaining({ reason: "MALFORMED_MESSAGE" }));
    expect(() => decodeSetRequest(message)).toThrow(expect.objectContaining({ reason: "MALFORMED_MESSAGE" }));
  });

  test("a real U+FFFD is text like any other", () => {
    expect(decodeGetRequest(encodeMessage(GetRequest, { namespace: "n", key: "\ufffd" })).key).toBe("\ufffd");
  });
});

function whole(message: OutgoingMessage): Buffer {
  return Buffer.concat(message instanceof Uint8Array ? [message] : message);
}
