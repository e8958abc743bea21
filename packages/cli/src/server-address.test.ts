import { describe, expect, test } from "vitest";
import { formatServerAddress, parseServerAddress } from "./server-address.js";

describe("parseServerAddress", () => {
  test.each([
    ["127.0.0.1:8980", { host: "127.0.0.1", port: 8980 }],
    ["db-1.internal:1", { host: "db-1.internal", port: 1 }],
    ["[::1]:65535", { host: "::1", port: 65_535 }],
  ])("%s is read, and written the same", (text, address) => {
    expect(parseServerAddress(text, "--server")).toEqual(address);
    expect(formatServerAddress(address)).toBe(text);
  });

  test.each(["", "localhost", ":8980", "localhost:0", "localhost:65536", "::1:8980", "http://localhost:8980"])(
    "%j is refused, with the option that it came from",
    (text) => {
      expect(() => parseServerAddress(text, "PRISM_SERVER")).toThrow(/^PRISM_SERVER is not an address/);
    },
  );
});
