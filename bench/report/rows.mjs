// The results as rows of text, the first row being the head; the first column is what a row is about.
import { median } from "../statistics.mjs";

const number = (value, digits) => value.toFixed(digits);

/** Two digits after the point where they say something. */
const significant = (value) => number(value, Math.abs(value) < 20 ? 2 : 0);

const cpuCell = (us) => (us === 0 ? "–" : number(us, us < 100 ? 1 : 0));

/** Title and text of each figure, and the name of one that not every comparison has. */
const columns = [
  ["calls/s", ({ callsPerSecond }) => number(callsPerSecond, 0)],
  ["p50 ms", ({ p50Us }) => number(p50Us / 1000, 2)],
  ["p99 ms", ({ p99Us }) => number(p99Us / 1000, 2)],
  ["CPU µs per call: proxy", ({ proxyCpuUs }) => cpuCell(proxyCpuUs)],
  ["store", ({ storeCpuUs }) => cpuCell(storeCpuUs)],
  ["behind it", ({ backendCpuUs }) => cpuCell(backendCpuUs)],
  ["RSS MiB", ({ residentBytes }) => number(residentBytes / 2 ** 20, 0)],
  ["p99 ms alone", ({ aloneP99Us }) => number(aloneP99Us / 1000, 2), "aloneP99Us"],
];

/** One comparison, a row per subject: medians of its rounds. */
export function comparisonRows({ subjects }) {
  const [{ figures: seen }] = subjects;
  const shown = columns.filter(([, , figure]) => figure === undefined || figure in seen);
  const rows = subjects.map(({ name, figures }) => [name, ...shown.map(([, cell]) => cell(mediansOf(figures)))]);
  return [["", ...shown.map(([title]) => title)], ...rows];
}

/** What Prism is held to. */
export function targetRows(judged) {
  const rows = judged.map(({ title, atMost, must, aim, measured, lowest, highest, noise, verdict }) => {
    const bounds = [must, aim].map((bound) => `${atMost ? "≤" : "≥"} ${bound}`);
    const range = [lowest, highest].map(significant).join(" to ");
    const noiseCell = noise === undefined ? "–" : `${number(noise * 100, 0)} %`;
    return [title, ...bounds, significant(measured), range, noiseCell, verdict];
  });
  return [["", "must", "aim", "measured", "over the rounds", "A/A", "reaches"], ...rows];
}

/** A row per comparison: Prism, then what is worth knowing of nginx and of the plugin without a proxy. */
export function overviewRows(comparisons) {
  const rows = comparisons.map(({ title, subjects }) => {
    const seen = Object.fromEntries(subjects.map(({ id, figures }) => [id, mediansOf(figures)]));
    const [prism, nginx, alone] = [seen["prism-memstore"], seen["nginx-memstore"], seen.memstore];
    const cells = columns.slice(0, 5).map(([, cell]) => cell(prism));
    return [
      title,
      ...cells,
      number(nginx.callsPerSecond, 0),
      cpuCell(nginx.proxyCpuUs),
      number(alone.callsPerSecond, 0),
    ];
  });
  const head = columns.slice(0, 5).map(([title]) => title);
  return [["", ...head, "nginx: calls/s", "proxy", "no proxy: calls/s"], ...rows];
}

/** A row per operation on a backend: Prism, its driver alone, and Prism's share of what the driver does per second and per CPU second. */
export function backendRows(comparisons) {
  const rows = comparisons.map(({ title, subjects: [prism, driver] }) => {
    const [ours, theirs] = [prism, driver].map(({ figures }) => mediansOf(figures));
    const cpu = ours.proxyCpuUs + ours.storeCpuUs;
    return [
      title,
      number(ours.callsPerSecond, 0),
      number(theirs.callsPerSecond, 0),
      significant(ours.callsPerSecond / theirs.callsPerSecond),
      cpuCell(cpu),
      cpuCell(theirs.storeCpuUs),
      significant(theirs.storeCpuUs / cpu),
    ];
  });
  return [
    ["", "Prism: calls/s", "driver: calls/s", "ratio", "Prism: CPU µs", "driver: CPU µs", "ratio per core"],
    ...rows,
  ];
}

/** What each plugin holds in memory when nobody calls. */
export function restRows({ subjects }) {
  const rows = subjects.map(({ name, figures }) => [name, number(mediansOf(figures).pluginBytes / 1e6, 0)]);
  return [["", "plugin at rest, MB"], ...rows];
}

/** What a message costs, in ns. */
export function codecRows(codec) {
  const rows = codec.map(({ name, ...ns }) => [name, ...Object.values(ns).map((value) => number(value, 0))]);
  return [["ns per message", "Prism", "ts-proto as generated", "protobufjs"], ...rows];
}

export function mediansOf(figures) {
  return Object.fromEntries(Object.entries(figures).map(([name, values]) => [name, median(values)]));
}
