// The raw results of the last whole run of each part, from which docs/performance.md is written. One subject is one line.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const files = {
  "data-path": new URL("results.json", import.meta.url),
  backends: new URL("backends/results.json", import.meta.url),
  capacity: new URL("capacity/results.json", import.meta.url),
};

/** More digits than this are noise. */
const significantDigits = 4;

/** Whether a whole run of the part was ever kept. */
export const hasResults = (part) => existsSync(files[part]);

export function readResults(part) {
  return JSON.parse(readFileSync(files[part], "utf8"));
}

export function writeResults(part, { environment, comparisons = [], ...others }) {
  const lines = (items, depth) =>
    items.map((item) => `${" ".repeat(depth)}${JSON.stringify(item, rounded)}`).join(",\n");
  const blocks = comparisons.map(
    ({ subjects, ...about }) => `  ${JSON.stringify(about).slice(0, -1)},"subjects":[\n${lines(subjects, 4)}\n  ]}`,
  );
  const members = Object.entries(others).map(([name, value]) => `,\n"${name}":${JSON.stringify(value, rounded)}`);
  const text = `{
"environment":${JSON.stringify(environment, rounded, 2)},
"comparisons":[\n${blocks.join(",\n")}\n]${members.join("")}
}
`;
  writeFileSync(files[part], text);
}

function rounded(_key, value) {
  return typeof value === "number" ? Number(value.toPrecision(significantDigits)) : value;
}
