import type { Awaitable } from "../../awaitable.js";
import type { Doorbell } from "../messaging/doorbell.js";
import type { StreamRecord } from "./stream.js";

/** Where a partition ends, and what retention has left of it. */
export interface PartitionHead {
  /** Above every record's offset: what is appended next gets this or more. */
  readonly nextOffset: bigint;
  /** The lowest offset that may be asked for: the records before it were removed by retention. Not above `nextOffset`. */
  readonly retainedFrom: bigint;
}

/** Which records to read of one partition. */
export interface RecordSlice {
  readonly partition: number;
  /** The first offset, whether or not a record has it. */
  readonly from: bigint;
  /** Only records before this offset. */
  readonly end: bigint;
  /** 1 or more. The source may return fewer although there are more, but not none. */
  readonly recordsMax: number;
  /** Bytes of messages as `messageSizeBytes` counts them; a first record that is larger is returned alone. */
  readonly bytesMax: number;
}

/** The records of one log as its data system keeps them: what `LogCursor` and `readLog` read from. Its methods run concurrently. */
export interface RecordSource {
  /** How many partitions the log has. */
  readonly partitions: number;
  /** Rings after records have come. When others may append unnoticed, it must have a `pollMs`. */
  readonly news: Doorbell;
  /** Of these partitions at least; each must be there. */
  heads(partitions: readonly number[]): Awaitable<ReadonlyMap<number, PartitionHead>>;
  /** Records of a partition in order of their offsets. None: there is none in the slice, and never will be. */
  read(slice: RecordSlice): Awaitable<readonly StreamRecord[]>;
  /** The offset of the first record that was appended at this time or later. `undefined`: there is none. Only for `readLog` from a time. */
  offsetSince(partition: number, timeMs: number): Awaitable<bigint | undefined>;
}
