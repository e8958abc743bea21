import { expect, test } from "vitest";
import { replayedEtag } from "./replayed-etag.js";

const kept = { timeMicros: 5n, nonce: Buffer.of(5), etag: "first" };

test.each([
  ["no token is kept", { timeMicros: 5n, nonce: Buffer.of(5) }, undefined],
  ["the time is later", { timeMicros: 6n, nonce: Buffer.of(0) }, kept],
  ["the nonce is greater", { timeMicros: 5n, nonce: Buffer.of(6) }, kept],
])("a set is new when %s", (_, token, last) => {
  expect(replayedEtag("k", token, last)).toBeUndefined();
});

test("the same set again gets its first answer", () => {
  expect(replayedEtag("k", { timeMicros: 5n, nonce: Uint8Array.of(5) }, kept)).toBe("first");
});

test.each([
  ["time", { timeMicros: 4n, nonce: Buffer.of(9) }],
  ["nonce", { timeMicros: 5n, nonce: Buffer.of(4) }],
])("an older %s is refused with the key", (_, token) => {
  expect(() => replayedEtag("k", token, kept)).toThrow(
    expect.objectContaining({ reason: "IDEMPOTENCY_TOKEN_STALE", metadata: { key: "k" } }),
  );
});
