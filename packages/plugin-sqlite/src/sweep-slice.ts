/** Bounds of one slice, a few ms of work each: calls go on between slices. */
export const rowsPerSliceMax = 500;
const bytesPerSliceMax = 16 * 2 ** 20;

/** As many rows as one slice may remove: freeing a row costs time by its size. */
export function slice<Row>(rows: Iterable<Row>, sizeBytesOf: (row: Row) => number): Row[] {
  const taken: Row[] = [];
  let sizeBytes = 0;
  for (const row of rows) {
    taken.push(row);
    sizeBytes += sizeBytesOf(row);
    if (sizeBytes > bytesPerSliceMax) break;
  }
  return taken;
}
