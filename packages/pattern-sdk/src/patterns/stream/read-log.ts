import { LogCursor } from "./log-cursor.js";
import type { PartitionHead, RecordSource } from "./record-source.js";
import type { ReadRequest, ReadStart, RecordOutlet } from "./stream.js";
import { offsetOutOfRangeError } from "./stream-errors.js";

/**
 * Reads a log as `Stream.read` promises, from whatever keeps its records: until the end that it had when the call began, the limit, or
 * `signal` is aborted. Throws `OFFSET_OUT_OF_RANGE`, and what the source throws.
 */
export async function readLog(
  source: RecordSource,
  request: ReadRequest,
  { outlet, signal }: { readonly outlet: RecordOutlet; readonly signal: AbortSignal },
): Promise<void> {
  const { partition: wanted, follow, limit } = request;
  const partitions = wanted === undefined ? [...Array(source.partitions).keys()] : [wanted];
  const heads = await source.heads(partitions);
  const cursor = new LogCursor(source);
  for (const partition of partitions) {
    const head = heads.get(partition)!;
    const offset = await firstOffset(source, { partition, head, start: request.start });
    cursor.add(partition, offset, follow ? undefined : head.nextOffset);
  }
  let left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  let behind = true;
  while (left > 0) {
    const { items, bytes } = await outlet.room();
    const seen = source.news.rings;
    const passed = await cursor.pass({ items: Math.min(items, left), bytes }, outlet);
    left -= passed;
    if (behind && cursor.hasPassed((partition) => heads.get(partition)!.nextOffset)) {
      behind = false;
      outlet.caughtUp();
      if (!follow) return;
    }
    if (passed === 0) await source.news.rung(seen, signal);
    if (signal.aborted) return;
  }
}

interface Beginning {
  readonly partition: number;
  readonly head: PartitionHead;
  readonly start: ReadStart;
}

async function firstOffset(
  source: RecordSource,
  { partition, head: { nextOffset, retainedFrom }, start }: Beginning,
): Promise<bigint> {
  switch (start.kind) {
    case "earliest":
      return retainedFrom;
    case "latest":
      return nextOffset;
    case "time":
      return (await source.offsetSince(partition, start.timeMs)) ?? nextOffset;
    case "offset":
      if (start.offset >= retainedFrom) return start.offset;
      throw offsetOutOfRangeError({ partition, offset: start.offset, earliestOffset: retainedFrom });
  }
}
