// The raw results of the last whole run, from which docs/performance.md is written. One subject is one line.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const file = new URL("results.json", import.meta.url);

/** More digits than this are noise. */
const significantDigits = 4;

/** Whether a whole run was ever kept. */
export const hasResults = () => existsSync(file);

export function readResults() {
  return JSON.parse(readFileSync(file, "utf8"));
}

export function writeResults({ environment, comparisons, codec }) {
  const lines = (items, depth) =>
    items.map((item) => `${" ".repeat(depth)}${JSON.stringify(item, rounded)}`).join(",\n");
  const blocks = comparisons.map(
    ({ subjects, ...about }) => `  ${JSON.stringify(about).slice(0, -1)},"subjects":[\n${lines(subjects, 4)}\n  ]}`,
  );
  const text = `{
"environment":${JSON.stringify(environment, rounded, 2)},
"comparisons":[\n${blocks.join(",\n")}\n],
"codec":[\n${lines(codec, 2)}\n]
}
`;
  writeFileSync(file, text);
}

function rounded(_key, value) {
  return typeof value === "number" ? Number(value.toPrecision(significantDigits)) : value;
}
