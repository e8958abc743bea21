import { expect, test } from "vitest";
import { TopicIndex } from "./topic-index.js";

test("a topic finds those who listen to it and to its patterns, each once, until they leave", () => {
  const index = new TopicIndex<string>();
  for (const pattern of ["a.b", "a.*", ">", "a.c", "*"]) index.add(pattern, `of ${pattern}`);
  index.add("a.b", "another");
  expect(index.listeners("a.b")).toEqual(["of a.b", "another", "of a.*", "of >"]);
  index.remove("a.b", "of a.b");
  index.remove("a.*", "of a.*");
  index.remove("a.*", "of a.*");
  expect(index.listeners("a.b")).toEqual(["another", "of >"]);
  expect(index.listeners("x")).toEqual(["of >", "of *"]);
  index.clear();
  expect(index.listeners("a.b")).toEqual([]);
});
