import { describe, expect, test } from "vitest";
import { TableLayout, textTable } from "./text-table.js";

test("columns stand under each other, and no line ends in spaces", () => {
  const rows = [
    ["NAME", "STATE", "DETAIL"],
    ["a-long-name", "ready", ""],
    ["b", "exited", "why"],
  ];
  expect(textTable(rows)).toBe("NAME         STATE   DETAIL\na-long-name  ready\nb            exited  why\n");
});

describe("a table whose rows come bit by bit", () => {
  const layout = new TableLayout(
    [
      ["id", "name"],
      ["7", "東京"],
    ],
    { rightAligned: new Set([0]), widthMax: 12 },
  );

  test("has numbers that end under each other", () => {
    expect(
      layout.lines([
        ["id", "name"],
        ["7", "東京"],
        ["10", "b"],
      ]),
    ).toBe("id  name\n 7  東京\n10  b\n");
  });

  test("lets a wider cell push its line apart, up to where the line must be cut", () => {
    expect(layout.lines([["100", "12345"]])).toBe("100  12345\n");
    expect(layout.lines([["100", "12345678"]])).toBe("100  123456…\n");
  });
});

test("what has no room is cut where it is widest", () => {
  const rows = [
    ["id", "title", "text"],
    ["1", "a".repeat(20), "b".repeat(30)],
  ];
  expect(new TableLayout(rows, { widthMax: 30 }).lines(rows)).toBe(
    ["id  title         text", `1   ${"a".repeat(11)}…  ${"b".repeat(11)}…`, ""].join("\n"),
  );
});

test("a table of too many columns for its terminal is cut at the end of each line", () => {
  const row = Array.from({ length: 10 }, (_, place) => `column-${place}`);
  const [line] = new TableLayout([row], { widthMax: 20 }).lines([row]).split("\n");
  expect(line).toBe("colum…  colum…  col…");
});
