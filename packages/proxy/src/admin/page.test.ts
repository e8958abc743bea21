import { expect, test } from "vitest";
import { pageOf } from "./page.js";

const all = ["a", "b", "c", "d", "e"].map((name) => ({ name }));
const namesOf = ({ page }: ReturnType<typeof pageOf>) => page.map(({ name }) => name);

test("pages follow each other, and the last one has no token", () => {
  const first = pageOf(all, { pageSize: 2, pageToken: "" });
  const second = pageOf(all, { pageSize: 2, pageToken: first.nextPageToken });
  const third = pageOf(all, { pageSize: 2, pageToken: second.nextPageToken });
  expect([first, second, third].map(namesOf)).toEqual([["a", "b"], ["c", "d"], ["e"]]);
  expect(third.nextPageToken).toBe("");
});

test("what goes between two pages moves nothing else", () => {
  const { nextPageToken } = pageOf(all, { pageSize: 2, pageToken: "" });
  const left = all.filter(({ name }) => name !== "a" && name !== "b");
  expect(namesOf(pageOf(left, { pageSize: 2, pageToken: nextPageToken }))).toEqual(["c", "d"]);
});

test("a page that ends with the list has no token", () => {
  expect(pageOf(all, { pageSize: 5, pageToken: "" }).nextPageToken).toBe("");
});

test.each([
  [{ pageSize: -1, pageToken: "" }, "page_size is -1"],
  [{ pageSize: 1, pageToken: "nonsense" }, "was not given out"],
])("%j is refused", (request, message) => {
  expect(() => pageOf(all, request)).toThrow(message);
});
