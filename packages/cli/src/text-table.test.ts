import { expect, test } from "vitest";
import { textTable } from "./text-table.js";

test("columns stand under each other, and no line ends in spaces", () => {
  const rows = [
    ["NAME", "STATE", "DETAIL"],
    ["a-long-name", "ready", ""],
    ["b", "exited", "why"],
  ];
  expect(textTable(rows)).toBe("NAME         STATE   DETAIL\na-long-name  ready\nb            exited  why\n");
});
