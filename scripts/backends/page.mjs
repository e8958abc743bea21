// docs/backends.md: what each backend offers of each pattern, as the last run of the conformance suites proved it.
import { readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { markdownTable } from "../../bench/report/layout.mjs";
import { patternKinds } from "../../packages/pattern-sdk/dist/patterns/pattern-kinds.js";
import { declaredCells, placements } from "./results.mjs";

const names = {
  memstore: "memory",
  sqlite: "SQLite",
  redis: "Redis",
  postgres: "PostgreSQL",
  nats: "NATS",
  kafka: "Kafka",
};

const survives = {
  ephemeral: "nothing but the plugin's process",
  disk: "a power cut",
  backend: "what its server is set to survive",
};

/** The declared cells that the run did not prove as they are declared now. */
export function unprovenCells({ cells }) {
  const proven = cells.map(({ cases: _, ...declared }) => declared);
  const isProven = (cell) => proven.some((other) => isDeepStrictEqual(other, cell));
  return declaredCells().filter((cell) => !isProven(cell));
}

export function backendsPage({ date, commit, servers, drivers, cells }) {
  return `# Backends

What each backend offers of each pattern. Every cell was proven by the conformance suite of its pattern on the real server, on
${date} at commit \`${commit}\`; a cell that no run has proven is not here. \`make conformance\` runs the suites again
and writes this page. What is not offered is refused with the reason, and the suites prove that too.

${matrix(cells)}

The figure is the number of cases passed: in the process of the tests, in a process of its own as the proxy spawns it, and killed
with SIGKILL where acknowledged writes are to survive that. How a data system must be set up, and what its settings mean for what
it keeps, is in the README of its plugin:
${linksToPlugins(cells)}.

${Object.values(patternKinds)
  .filter(({ name }) => cellsOf(cells, name).length > 0)
  .map((kind) => patternSection(kind, cellsOf(cells, kind.name)))
  .join("\n\n")}

## Servers and drivers of the run

${markdownTable([
  ["backend", "server", "driver"],
  ...plugins(cells).map((plugin) => [nameOf(plugin), servers[plugin] ?? "in the plugin", drivers[plugin] ?? "none"]),
])}
`;
}

function matrix(cells) {
  const patterns = Object.keys(patternKinds);
  const rows = plugins(cells).map((plugin) => [
    nameOf(plugin),
    ...patterns.map((pattern) => casesText(cells.find((cell) => cell.plugin === plugin && cell.pattern === pattern))),
  ]);
  return markdownTable([["", ...patterns], ...rows]);
}

function casesText(cell) {
  return cell === undefined ? "" : `✔ ${Object.values(cell.cases).reduce((sum, count) => sum + count)}`;
}

function patternSection(kind, cells) {
  const meanings = capabilityMeanings(kind.name);
  const capabilityRows = kind.capabilities.map((capability) => [
    `\`${capability}\``,
    ...cells.map(({ capabilities }) => (capabilities.includes(capability) ? "✔" : "")),
  ]);
  const limitNames = [...new Set(cells.flatMap(({ limits }) => Object.keys(limits)))];
  const limitRows = limitNames.map((limit) => [`\`${limit}\``, ...cells.map(({ limits }) => number(limits[limit]))]);
  const storageRow = ["`limits.storage_size`", ...cells.map(({ countsStorage }) => (countsStorage ? "✔" : ""))];
  const caseRows = placements.map((placement) => [
    `cases ${placement}`,
    ...cells.map(({ cases }) => number(cases[placement])),
  ]);
  return `## ${kind.name}

Everywhere: ${kind.minimum}.

${markdownTable([
  ["", ...cells.map(({ plugin }) => nameOf(plugin))],
  ...capabilityRows,
  ["an acknowledged write survives", ...cells.map(({ durability }) => survives[durability])],
  ...limitRows,
  ...(cells.some(({ countsStorage }) => countsStorage) ? [storageRow] : []),
  ...caseRows,
])}

${kind.capabilities.map((capability) => `- \`${capability}\`: ${meanings[capability]}`).join("\n")}`;
}

/** The comment of a capability says what it promises. */
function capabilityMeanings(pattern) {
  const file = new URL(
    `../../packages/pattern-sdk/src/patterns/${pattern}/${pattern}-capabilities.ts`,
    import.meta.url,
  );
  const described = /\/\*\*((?:(?!\*\/)[\s\S])+)\*\/\s+"(\w+)",/g;
  const entries = [...readFileSync(file, "utf8").matchAll(described)].map(([, comment, name]) => [
    name,
    comment.replace(/\s+\*?\s*/g, " ").trim(),
  ]);
  return Object.fromEntries(entries);
}

const cellsOf = (cells, pattern) => cells.filter((cell) => cell.pattern === pattern);
const plugins = (cells) => Object.keys(names).filter((plugin) => cells.some((cell) => cell.plugin === plugin));
const nameOf = (plugin) => names[plugin];
const number = (value) => (value === undefined ? "" : value.toLocaleString("en"));

function linksToPlugins(cells) {
  return plugins(cells)
    .map((plugin) => `[${nameOf(plugin)}](../packages/plugin-${plugin}/README.md)`)
    .join(",\n");
}
