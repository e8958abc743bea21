import { expect, test } from "vitest";
import { Names } from "./names.js";

const names = (namespace: string, prefix = "prism") => new Names({ prefix, kind: "stream", namespace });

test("namespaces that are easily taken for each other share no stream and no subject", () => {
  const long = "é".repeat(63);
  const alike = ["a", "A", "a.b", "a:b", "a%", "a~0", "a*", ">", "é", "e\u0301", "a b", `${long}a`, `${long}b`];
  for (const of of [(one: Names) => one.stream(0), (one: Names) => one.subject(0), (one: Names) => one.bell(0)]) {
    expect(new Set(alike.map((name) => of(names(name)))).size).toBe(alike.length);
  }
});

test("an operator sees which namespace a stream is of", () => {
  expect(names("orders").stream(0)).toBe("prism~stream~orders~0");
});

test("the longest name makes a name that NATS takes", () => {
  const longest = names("\0".repeat(128), "p".repeat(64));
  expect(longest.stream("groups").length).toBeLessThan(256);
  expect(longest.subject("groups")).toMatch(/^[A-Za-z0-9_$~%-]+(\.[A-Za-z0-9_$~%-]+)+$/);
});
