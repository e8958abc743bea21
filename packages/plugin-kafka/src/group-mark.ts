/** What a broker keeps beside an offset, unless its `offset.metadata.max.bytes` was changed. */
const markCharsMax = 4_000;

/** Records one after the other of which the same is known: how often they were delivered, or that they were handled. */
export interface Run {
  readonly records: number;
  readonly state: "handled" | number;
}

/**
 * Writes what is known of the records from a group's offset on, as `12x1 3 2x4`: twelve were delivered once, three were handled, two
 * were delivered four times. As many runs as fit: records of the others are delivered again, as if for the first time. Pure.
 */
export function markOf(runs: readonly Run[]): string {
  let mark = "";
  for (const { records, state } of runs) {
    const next = `${mark === "" ? "" : " "}${records}${state === "handled" ? "" : `x${state}`}`;
    if (mark.length + next.length > markCharsMax) break;
    mark += next;
  }
  return mark;
}

/** Reads a mark; what is none says nothing. Pure. */
export function runsOf(mark: string | null): Run[] {
  if (mark === null || !/^\d{1,15}(x\d{1,15})?( \d{1,15}(x\d{1,15})?)*$/.test(mark)) return [];
  return mark.split(" ").map((run) => {
    const [records, count] = run.split("x");
    return { records: Number(records), state: count === undefined ? "handled" : Number(count) };
  });
}
