import type { TrialRow } from "./trial.ts";

/** One line of the table of figures. */
export interface FigureRow {
  readonly backend: string;
  readonly pattern: string;
  readonly fault: string;
  readonly rounds: number;
  readonly acknowledged: number;
  readonly unanswered: number;
  /** `null`: nothing is promised. */
  readonly lost: number | null;
  readonly duplicated: number;
  readonly wrong: number;
  readonly recoveryP50Ms: number;
  readonly recoveryP99Ms: number;
  readonly longestCallMs: number;
}

export function figureRow({ lost, wrong, recoveriesMs, recoversWithinMs, longestCallMs, ...row }: TrialRow): FigureRow {
  return {
    ...row,
    lost: lost?.length ?? null,
    wrong: wrong.length,
    recoveryP50Ms: Math.round(quantile(recoveriesMs, 0.5)),
    recoveryP99Ms: Math.round(quantile(recoveriesMs, 0.99)),
    longestCallMs: Math.round(longestCallMs),
  };
}

/** The figures for a terminal. */
export function figureTable(rows: readonly FigureRow[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const lines = [Object.keys(first), ...rows.map((row) => Object.values(row).map((value) => String(value ?? "-")))];
  const widths = lines[0]!.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const isText = Object.values(first).map((value) => typeof value === "string");
  const cell = (text: string, column: number) =>
    isText[column] ? text.padEnd(widths[column]!) : text.padStart(widths[column]!);
  return lines.map((line) => `${line.map(cell).join("  ").trimEnd()}\n`).join("");
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
