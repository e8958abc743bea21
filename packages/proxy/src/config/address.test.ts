import { expect, test } from "vitest";
import { formatAddress, isLoopback, parseAddress } from "./address.js";

test.each([
  ["127.0.0.1:8980", { host: "127.0.0.1", port: 8980 }],
  ["localhost:0", { host: "localhost", port: 0 }],
  ["[::1]:65535", { host: "::1", port: 65_535 }],
  ["[::]:1", { host: "::", port: 1 }],
])("%s is an address, and is written the same", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
  expect(formatAddress(address)).toBe(text);
});

test.each(["8980", ":8980", "localhost", "a:65536", "::1:80", "a:b", "a b:1", "", "[x]:1", "http://a:1"])(
  "%j is not an address",
  (text) => {
    expect(parseAddress(text)).toBeUndefined();
  },
);

test.each([
  ["127.0.0.1", true],
  ["127.8.9.10", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["::ffff:127.0.0.1", true],
  ["localhost", true],
  ["0.0.0.0", false],
  ["::", false],
  ["10.0.0.1", false],
  ["::ffff:10.0.0.1", false],
  ["localhost.example.org", false],
  ["127.0.0.1.example.org", false],
])("that %s is on the loopback is %s", (host, expected) => {
  expect(isLoopback({ host, port: 1 })).toBe(expected);
});
