import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { chooseValueSource, readValue, valueBytesMax } from "./value-source.js";

const never = new AbortController().signal;
const nothing = Readable.from([]);

describe("chooseValueSource", () => {
  test("takes VALUE, - for stdin, or --file", () => {
    expect(chooseValueSource("v", undefined)).toEqual({ from: "argument", text: "v" });
    expect(chooseValueSource("", undefined)).toEqual({ from: "argument", text: "" });
    expect(chooseValueSource("-", undefined)).toEqual({ from: "stdin" });
    expect(chooseValueSource(undefined, "f")).toEqual({ from: "file", path: "f" });
  });

  test("refuses none and two", () => {
    expect(() => chooseValueSource(undefined, undefined)).toThrow("no value is given");
    expect(() => chooseValueSource("v", "f")).toThrow("VALUE and --file are both given");
  });
});

describe("readValue", () => {
  test("reads stdin to its end, every byte", async () => {
    const bytes = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
    const stdin = Readable.from([bytes.subarray(0, 100), bytes.subarray(100)], { objectMode: false });
    expect(await readValue({ from: "stdin" }, stdin, never)).toEqual(bytes);
  });

  test("stops reading what no namespace takes", async () => {
    const chunk = Buffer.alloc(valueBytesMax);
    const endless = Readable.from(
      (function* () {
        for (;;) yield chunk;
      })(),
      { objectMode: false },
    );
    await expect(readValue({ from: "stdin" }, endless, never)).rejects.toThrow("larger than 3145728 bytes");
  });

  test("says which file cannot be read", async () => {
    await expect(readValue({ from: "file", path: "/no/such/file" }, nothing, never)).rejects.toThrow(
      /cannot read the value from \/no\/such\/file: ENOENT/,
    );
  });

  test("gives up when interrupted", async () => {
    const interruption = new AbortController();
    const silent = new Readable({ read: () => interruption.abort() });
    await expect(readValue({ from: "stdin" }, silent, interruption.signal)).rejects.toThrow("interrupted");
  });
});
