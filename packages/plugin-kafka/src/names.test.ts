import { expect, test } from "vitest";
import { groupIdOf, groupPrefixOf, topicOf } from "./names.js";

test("a plain name is readable in its topic and group", () => {
  expect(topicOf("prism", "orders-2")).toBe("prism.orders-2");
  expect(groupIdOf(topicOf("prism", "orders"), "billing")).toBe("prism.orders:billing");
});

test("names that are alike have topics that Kafka does not take for each other", () => {
  const names = [
    "a",
    "A",
    "a:b",
    "a.b",
    "a_b",
    "a%",
    "a ",
    "é",
    "e\u0301",
    "_61",
    "ü".repeat(64),
    `${"ü".repeat(63)}uu`,
  ];
  const topics = names.map((name) => topicOf("prism", name).replaceAll(".", "_"));
  expect(new Set(topics).size).toBe(names.length);
});

test.each(["a", "\0", "n".repeat(128), "ü".repeat(64), "😀".repeat(32)])("Kafka takes the topic of %j", (namespace) => {
  const topic = topicOf("x".repeat(32), namespace);
  expect(topic).toMatch(/^[A-Za-z0-9._-]{1,249}$/);
  expect(groupIdOf(topic, namespace).startsWith(groupPrefixOf(topic))).toBe(true);
});
