import { type adminv1, msFromDuration } from "@prism-data/pattern-sdk/protocol";
import { TableLayout } from "../../text-table.js";

const head = ["NAMESPACE", "BACKEND", "READS/S", "WRITES/S", "LIMIT", "REFUSED/S", "BYTES", "P99", "PARTITIONS", "LAG"];

/** The columns that are numbers. */
const rightAligned = new Set([2, 3, 4, 5, 6, 7, 8, 9]);

/** What was seen, for people: a table, then what to change. */
export function formatCapacity(seen: adminv1.DescribeCapacityResponse): string {
  const rows = [head, ...seen.namespaces.map(namespaceRow)];
  const table = new TableLayout(rows, { rightAligned }).lines(rows);
  const advice = seen.advice.map(adviceLines);
  const nothing = "what is declared is enough for what was seen\n";
  return `${table}\n${advice.length === 0 ? nothing : advice.join("")}`;
}

/** The same in the names of proto3 JSON. */
export function capacityJson({ window, namespaces, backends, advice }: adminv1.DescribeCapacityResponse) {
  return {
    windowMs: window === undefined ? 0 : msFromDuration(window),
    namespaces: namespaces.map(({ p99, log, ...one }) => ({
      ...one,
      ...(p99 !== undefined && { p99Ms: msFromDuration(p99) }),
      ...(log !== undefined && { log: { ...log, lag: Number(log.lag) } }),
    })),
    backends,
    advice,
  };
}

function namespaceRow(seen: adminv1.NamespaceCapacity): readonly string[] {
  const { namespace, backend, readsPerSecond, writesPerSecond, refusedPerSecond, callsPerSecondMax, log } = seen;
  return [
    namespace,
    backend,
    number(readsPerSecond),
    number(log === undefined ? writesPerSecond : log.recordsPerSecond),
    callsPerSecondMax === 0 ? "-" : number(callsPerSecondMax),
    number(refusedPerSecond),
    seen.writeBytes === 0 ? "-" : number(seen.writeBytes),
    seen.p99 === undefined ? "-" : `${Number(msFromDuration(seen.p99).toPrecision(2))} ms`,
    log === undefined ? "-" : String(log.partitions),
    log === undefined ? "-" : String(log.lag),
  ];
}

function adviceLines({ namespace, backend, setting, current, advised, reason, effect }: adminv1.CapacityAdvice) {
  const what = namespace === "" ? backend : namespace;
  const change = setting === "" ? "nothing to set" : `${setting} ${current} -> ${advised}`;
  return `${what}: ${change}\n    why: ${reason}\n    but: ${effect}\n`;
}

/** Three digits: more would say more than was measured. */
const number = (value: number) => (value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3))));
