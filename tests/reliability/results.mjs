// The raw results of the last long run. One row of a table is one line.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const file = new URL("results.json", import.meta.url);

/** Whether a long run was ever kept. */
export const hasResults = () => existsSync(file);

export function readResults() {
  return JSON.parse(readFileSync(file, "utf8"));
}

export function writeResults({ about, faults, models }) {
  const lines = (items) => items.map((item) => `  ${JSON.stringify(item)}`).join(",\n");
  const text = `{\n"about":${JSON.stringify(about)},\n"faults":[\n${lines(faults)}\n],\n"models":[\n${lines(models)}\n]\n}\n`;
  writeFileSync(file, text);
}
