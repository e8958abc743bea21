import type { Connection } from "./connection.js";
import type { Parameter, Statement } from "./statement.js";

/** Rows of one transaction: a few ms of work, so that nobody waits for its locks for long. */
const rowsPerSliceMax = 500;

const sliceLoad = 64;

/**
 * Repeats a statement until it finds nothing more to remove; returns how many rows that were. Its last parameter is how many it may
 * remove at once, its answer is `removed`.
 */
export async function inSlices(
  connection: Connection,
  statement: Statement,
  values: readonly Parameter[],
): Promise<number> {
  let sum = 0;
  let removed: number;
  do {
    const [row] = await connection.run<{ removed: number }>(statement, [...values, rowsPerSliceMax], sliceLoad);
    removed = row!.removed;
    sum += removed;
  } while (removed > 0);
  return sum;
}
