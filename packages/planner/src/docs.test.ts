import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { limitHeadroom } from "./capacity/limit.js";
import { partitionsMax, writesPerPartition } from "./capacity/partitions.js";
import { storageOf } from "./capacity/storage.js";
import { contradictions } from "./contradictions.js";
import { hardRules } from "./hard-rules.js";
import { knownOptions } from "./options.js";
import { countText } from "./quantity.js";
import { softRules } from "./soft-rules.js";

const page = async (name: string) => await readFile(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

/** The rows of all tables of a page, as their cells. */
function rowsOf(text: string): readonly (readonly string[])[] {
  const lines = text.split("\n").filter((line) => line.startsWith("| "));
  return lines.map((line) =>
    line
      .slice(2, -2)
      .split(" | ")
      .map((cell) => cell.trim()),
  );
}

test("docs/client-configuration.md has every rule, as the code has it", async () => {
  const rows = rowsOf(await page("client-configuration.md"));
  for (const { name, asks } of hardRules) expect(rows).toContainEqual([name, asks]);
  for (const { name, looksAt, changes } of softRules) {
    const moves = Object.entries(changes).map(
      ([plugin, { points }]) => `${plugin} ${points > 0 ? "+" : "−"}${Math.abs(points)}`,
    );
    expect(rows).toContainEqual([name, looksAt, moves.join(", ")]);
  }
  for (const { refuses } of contradictions) expect(rows.map(([first]) => first)).toContain(refuses);
});

test("docs/client-configuration.md has every option", async () => {
  const text = await page("client-configuration.md");
  const names = Object.values(knownOptions).flatMap((options) => Object.keys(options));
  expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
});

test("docs/capacity.md has the figures that the code counts with", async () => {
  const text = await page("capacity.md");
  expect(text).toContain(`writes/s ÷ ${writesPerPartition}, rounded up, 1 to ${countText(partitionsMax)}`);
  expect(text).toContain(`(reads/s + writes/s) × ${limitHeadroom};`);
  const rows = rowsOf(text);
  for (const [plugin, { where, overheadBytes }] of Object.entries(storageOf)) {
    const [, stores, , ...overheads] = rows.find(([name]) => name === plugin)!;
    expect([plugin, stores]).toEqual([plugin, where]);
    const known = [overheadBytes["key-value"], overheadBytes.stream, overheadBytes.queue];
    const counted = overheads.map((cell) => (/^\d+ bytes$/.test(cell) ? Number.parseInt(cell, 10) : undefined));
    expect([plugin, ...counted]).toEqual([plugin, ...known]);
  }
});
