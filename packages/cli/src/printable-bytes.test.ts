import { describe, expect, test } from "vitest";
import { printableBytes } from "./printable-bytes.js";

describe("printableBytes", () => {
  test.each([
    ["plain text as it is", Buffer.from("héllo wörld 😀"), "héllo wörld 😀"],
    ["nothing as nothing", Buffer.alloc(0), ""],
    ["what would break a line escaped", Buffer.from("a\tb\nc\rd\u2028"), "a\\tb\\nc\\rd\\u{2028}"],
    ["what would command a terminal escaped", Buffer.from("\x1b[2J\x00"), "\\u{1b}[2J\\u{0}"],
    ["the escape itself escaped", Buffer.from("C:\\n"), "C:\\\\n"],
    ["bytes that are no text in hexadecimal", Buffer.from([0xff, 0x41]), "\\xff\\x41"],
  ])("shows %s", (_, bytes, text) => {
    expect(printableBytes(bytes)).toBe(text);
  });
});
