import type { relational } from "@prism-data/pattern-sdk/protocol";
import { printableText } from "../../printable-bytes.js";
import { TableLayout } from "../../text-table.js";
import { cellText } from "./value-forms.js";

/** The rows of a query as lines, below the names of their columns. Numbers end under each other. */
export class ResultTable {
  readonly #layout: TableLayout;
  #head: readonly string[] | undefined;

  /** Is laid out for the rows that came first. `widthMax` is what a line may take; `undefined`: any width. */
  constructor(columns: readonly relational.Column[], firstRows: readonly relational.Row[], widthMax?: number) {
    this.#head = columns.map(({ name }) => printableText(name));
    const rightAligned = new Set(columns.map((_, place) => place).filter((place) => isOfNumbers(place, firstRows)));
    this.#layout = new TableLayout([this.#head, ...firstRows.map(cellsOf)], { rightAligned, widthMax });
  }

  /** The first lines have the head above them. */
  lines(rows: readonly relational.Row[]): string {
    const head = this.#head === undefined ? [] : [this.#head];
    this.#head = undefined;
    return this.#layout.lines([...head, ...rows.map(cellsOf)]);
  }
}

function cellsOf({ values }: relational.Row): readonly string[] {
  return values.map(cellText);
}

const numberKinds: ReadonlySet<string | undefined> = new Set(["int64", "double", "numeric"]);

/** Whether all that is there is a number. */
function isOfNumbers(place: number, rows: readonly relational.Row[]): boolean {
  const kinds = rows.map(({ values }) => values[place]?.kind?.$case).filter((kind) => kind !== "null");
  return kinds.length > 0 && kinds.every((kind) => numberKinds.has(kind));
}
