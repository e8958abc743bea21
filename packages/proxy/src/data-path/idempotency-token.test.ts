import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { frameMessage } from "@prism-data/transport";
import { expect, test } from "vitest";
import { carriesToken } from "./idempotency-token.js";

const token = new BinaryWriter().tag(2, 2).bytes(new Uint8Array(16)).finish();
const withToken = new BinaryWriter()
  .tag(1, 2)
  .string("demo")
  .tag(3, 2)
  .bytes(new Uint8Array(300))
  .tag(7, 2)
  .bytes(token)
  .finish();
const framed = frameMessage(withToken);

test.each([
  ["a request with a token", [framed], true],
  [
    "a request with a token that came in pieces",
    [framed.subarray(0, 3), framed.subarray(3, 300), framed.subarray(300)],
    true,
  ],
  ["a request without one", [frameMessage(new BinaryWriter().tag(1, 2).string("demo").finish())], false],
  [
    "a request with an empty token",
    [frameMessage(new BinaryWriter().tag(7, 2).bytes(new Uint8Array(0)).finish())],
    false,
  ],
  [
    "a request whose value looks like a token",
    [frameMessage(new BinaryWriter().tag(3, 2).bytes(withToken).finish())],
    false,
  ],
  ["a request that has not come whole", [framed.subarray(0, framed.length - 1)], false],
  ["two messages", [framed, framed], false],
  ["bytes that are no message", [frameMessage(new Uint8Array([0x3a, 0xff]))], false],
  ["nothing", [], false],
])("whether a call may be repeated is told of %s", (_name, chunks, expected) => {
  expect(carriesToken(chunks, 7)).toBe(expected);
});
