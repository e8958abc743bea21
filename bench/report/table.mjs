// The results as text for a terminal.
import { median } from "../statistics.mjs";

const number = (value, digits) => value.toFixed(digits);

/** One comparison, a line per subject, medians of its rounds. */
export function comparisonTable({ title, subjects }) {
  const head = ["", "calls/s", "p50 ms", "p99 ms", "proxy µs", "store µs", "backend µs", "MiB"];
  const rows = subjects.map(({ name, rounds }) => {
    const figure = (key) => median(rounds.map((round) => round[key]));
    return [
      name,
      number(figure("callsPerSecond"), 0),
      ...["p50Us", "p99Us"].map((key) => number(figure(key) / 1000, 2)),
      ...["proxyCpuUs", "storeCpuUs", "backendCpuUs"].map((key) => cpuCell(figure(key))),
      number(figure("residentBytes") / 2 ** 20, 0),
    ];
  });
  return `${title}\n${aligned([head, ...rows])}`;
}

/** What Prism is held to, a line each. */
export function targetTable(judged) {
  const head = ["", "must", "aim", "measured", "over the rounds", "A/A noise", "reaches"];
  const rows = judged.map(({ title, atMost, must, aim, measured, lowest, highest, noise, verdict }) => {
    const bounds = [must, aim].map((bound) => `${atMost ? "≤" : "≥"} ${bound}`);
    const range = [lowest, highest].map(significant).join(" to ");
    const noiseCell = noise === undefined ? "–" : `${number(noise * 100, 0)} %`;
    return [title, ...bounds, significant(measured), range, noiseCell, verdict];
  });
  return aligned([head, ...rows]);
}

/** Two digits after the point where they say something. */
const significant = (value) => number(value, value < 20 ? 2 : 0);

const cpuCell = (us) => (us === 0 ? "–" : number(us, 1));

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const cell = (text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]));
  return rows.map((row) => `  ${row.map(cell).join("  ")}`.trimEnd()).join("\n");
}
