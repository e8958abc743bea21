import type { relational } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import { ResultTable } from "./result-table.js";

type Kind = NonNullable<relational.Value["kind"]>;

const columns = ["id", "price", "name"].map((name) => ({ name, type: "" }));
const row = (...kinds: Kind[]): relational.Row => ({ values: kinds.map((kind) => ({ kind })) });
const nothing: Kind = { $case: "null", value: true };
const int = (value: bigint): Kind => ({ $case: "int64", value });
const numeric = (value: string): Kind => ({ $case: "numeric", value });
const text = (value: string): Kind => ({ $case: "text", value });

test("numbers end under each other, NULL is to be seen, and the head comes once", () => {
  const first = [row(int(7n), numeric("1.50"), text("42")), row(int(100n), nothing, nothing)];
  const table = new ResultTable(columns, first);
  expect(table.lines(first)).toBe([" id  price  name", "  7   1.50  42", "100   NULL  NULL", ""].join("\n"));
  expect(table.lines([row(int(1n), numeric("10"), text("x"))])).toBe("  1     10  x\n");
});

test("a query without rows shows its columns", () => {
  expect(new ResultTable(columns, []).lines([])).toBe("id  price  name\n");
});

test("a text is cut to the width of the terminal", () => {
  const rows = [row(int(1n), nothing, text("a long text that has no room"))];
  expect(new ResultTable(columns, rows, 24).lines(rows)).toBe("id  price  name\n 1  NULL   a long text …\n");
});
