import { describe, expect, test } from "vitest";
import { formatHandshake, type Handshake, parseHandshake } from "./handshake.js";

const handshake: Handshake = {
  prism_handshake: 1,
  contract: { min: 1, max: 1 },
  pid: 4242,
  socket: "/run/prism/redis-1.sock",
  name: "redis",
  version: "0.1.0",
  token: "secret",
};
const { token: _token, ...withoutToken } = handshake;
const line = (change: object) => JSON.stringify({ ...handshake, ...change });

describe("a handshake line", () => {
  test.each([
    ["with a token", handshake],
    ["without a token", withoutToken],
    ["of a plugin that takes any number of cancels", { ...handshake, takes_cancels: true }],
  ])("%s reads back as it was written", (_, written) => {
    expect(parseHandshake(formatHandshake(written))).toEqual(written);
  });

  test("may carry keys that are not known", () => {
    expect(parseHandshake(line({ future: true }))).toEqual(handshake);
  });

  test.each([
    ["plain text", "listening on port 80"],
    ["an empty line", ""],
    ["JSON of something else", '{"level":30,"msg":"hello"}'],
    ["a JSON array", "[1,2]"],
    ["broken JSON", '{"prism_handshake":1,'],
  ])("is not seen in %s", (_, text) => {
    expect(parseHandshake(text)).toBeUndefined();
  });

  test.each([
    ["another format", { prism_handshake: 2 }, "format 2"],
    ["a newer contract only", { contract: { min: 2, max: 3 } }, "versions 2 to 3"],
    ["no contract", { contract: undefined }, '"contract"'],
    ["a contract that runs backwards", { contract: { min: 2, max: 1 } }, '"contract"'],
    ["a pid of 0", { pid: 0 }, '"pid"'],
    ["a relative socket", { socket: "plugin.sock" }, '"socket"'],
    ["a socket path of 104 bytes", { socket: `/${"x".repeat(103)}` }, "104 bytes"],
    ["no name", { name: "" }, '"name"'],
    ["no version", { version: 7 }, '"version"'],
    ["an empty token", { token: "" }, '"token"'],
    ["cancels that are neither true nor false", { takes_cancels: 7 }, '"takes_cancels"'],
  ])("with %s is refused with an explanation", (_, change, explanation) => {
    expect(() => parseHandshake(line(change))).toThrow(explanation);
  });
});
