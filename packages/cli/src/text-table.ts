import { cutText, textWidth } from "./text-width.js";

/** Lines of columns that stand under each other; the first row is the head. No space at the ends of lines. */
export function textTable(rows: readonly (readonly string[])[]): string {
  return new TableLayout(rows).lines(rows);
}

/** How a table is laid out beyond what its rows say. */
export interface TableLayoutOptions {
  /** The columns whose cells end under each other, by their places from 0. Default: none. */
  readonly rightAligned?: ReadonlySet<number>;
  /** The most that a line may take; what has no room is cut. Default: nothing is cut. */
  readonly widthMax?: number;
}

const gap = "  ";
/** A column is not made narrower than this for others to have room: its cells could not be told apart. */
const columnWidthMin = 6;

/** A table whose rows come bit by bit: columns are as wide as the first rows need, and a wider cell pushes its line apart. */
export class TableLayout {
  readonly #columns: readonly Column[];
  readonly #widthMax: number;

  constructor(
    firstRows: readonly (readonly string[])[],
    { rightAligned = new Set(), widthMax = Number.POSITIVE_INFINITY }: TableLayoutOptions = {},
  ) {
    const wanted = widthsOf(firstRows);
    const widths = fittingWidths(wanted, widthMax - gap.length * (wanted.length - 1));
    this.#columns = widths.map((width, place) => ({
      width,
      cutAt: width < wanted[place]! ? width : Number.POSITIVE_INFINITY,
      right: rightAligned.has(place),
    }));
    this.#widthMax = widthMax;
  }

  /** Rows as lines. */
  lines(rows: readonly (readonly string[])[]): string {
    return rows.map((row) => `${this.#line(row)}\n`).join("");
  }

  #line(row: readonly string[]): string {
    const cells = row.map((cell, place) => padded(cell, this.#columns[place]!));
    return cutText(cells.join(gap).trimEnd(), this.#widthMax);
  }
}

interface Column {
  readonly width: number;
  readonly cutAt: number;
  readonly right: boolean;
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, textWidth(cell));
  }
  return widths;
}

/** Narrow columns keep their width; the others share what is left. */
function fittingWidths(wanted: readonly number[], sumMax: number): readonly number[] {
  let left = sumMax;
  for (const [place, width] of wanted.toSorted((one, other) => one - other).entries()) {
    const share = Math.max(Math.floor(left / (wanted.length - place)), columnWidthMin);
    if (width > share) return wanted.map((each) => Math.min(each, share));
    left -= width;
  }
  return wanted;
}

function padded(cell: string, { width, cutAt, right }: Column): string {
  const text = cutText(cell, cutAt);
  const space = " ".repeat(Math.max(width - textWidth(text), 0));
  return right ? `${space}${text}` : `${text}${space}`;
}
