import { expect, test } from "vitest";
import { queueGroup, Subjects } from "./subjects.js";

test("namespaces that are easily taken for each other share no subject", () => {
  const names = ["a", "A", "a.b", "a:b", "a%", "a*", ">", "é", "e\u0301", "a b", "a%2Eb"];
  const subjects = names.map((name) => new Subjects("prism", name).ofTopic("t"));
  expect(new Set(subjects).size).toBe(names.length);
  expect(subjects.every((subject) => /^prism\.[A-Za-z0-9_%-]+\.t$/.test(subject))).toBe(true);
});

test("a subject tells its topic", () => {
  const subjects = new Subjects("prism", "orders.eu");
  expect(subjects.topicOf(subjects.ofTopic("created.é"))).toBe("created.é");
});

test("the same group of two topics is two queue groups", () => {
  expect(queueGroup("g", "a.b")).not.toBe(queueGroup("g", "a.c"));
  expect(queueGroup("g.a", "b")).not.toBe(queueGroup("g", "a.b"));
});
