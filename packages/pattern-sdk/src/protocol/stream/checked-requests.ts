import type { Position, ReadRequest, ReadStart } from "../../patterns/stream/stream.js";
import type * as wire from "../gen/prism/stream/v1/stream.js";
import { checkedWithin } from "../messaging/checked-deliveries.js";
import {
  groupBytesMax,
  outstandingBytesDefault,
  outstandingBytesMax,
  outstandingBytesMin,
  outstandingMessagesDefault,
  outstandingMessagesMax,
} from "../messaging/messaging-bounds.js";
import type { OutstandingBounds } from "../messaging/outstanding.js";
import { checkSameNamespace, requireCapability } from "../pattern/bound-namespace.js";
import { checkCount, checkedTimeMs, checkName, invalidField } from "../pattern/checked-fields.js";
import type { BoundStream } from "./bound-stream.js";
import { offsetMax, positionsMax } from "./stream-bounds.js";

export function checkedRead(bound: BoundStream, { partition, start, limit, follow }: wire.ReadRequest): ReadRequest {
  if (partition !== undefined) checkPartition(bound, partition, "partition");
  return {
    partition,
    start: checkedReadStart(bound, start, partition),
    limit: limit === 0n ? undefined : limit,
    follow,
  };
}

function checkedReadStart(
  bound: BoundStream,
  start: wire.ReadRequest["start"],
  partition: number | undefined,
): ReadStart {
  if (start?.$case === "offset") {
    if (partition === undefined && bound.pattern.partitions > 1) {
      throw invalidField("partition", `is required with offset: the log has ${bound.pattern.partitions} partitions`);
    }
    checkOffset(start.value, "offset");
    return { kind: "offset", offset: start.value };
  }
  if (start?.$case === "time") {
    requireCapability(bound, "replay_by_time", "The field time");
    return { kind: "time", timeMs: checkedTimeMs(start.value, "time") };
  }
  return checkedEnd(start, "");
}

/** The oldest or the newest record; `path` is the prefix of field names. */
function checkedEnd(
  start: { readonly $case: "earliest" | "latest"; readonly value: boolean } | undefined,
  path: string,
): { readonly kind: "earliest" | "latest" } {
  if (start === undefined) return { kind: "earliest" };
  if (!start.value) throw invalidField(`${path}${start.$case}`, "must be true when it is set; leave it out otherwise");
  return { kind: start.$case };
}

/** A member to be, and what it may hold. */
export interface CheckedJoin {
  readonly group: string;
  readonly start: { readonly kind: "earliest" | "latest" };
  readonly outstanding: OutstandingBounds;
}

/** The first request of a Consume stream. */
export function checkedJoin(action: wire.ConsumeRequest["action"]): CheckedJoin {
  if (action?.$case !== "join") throw invalidField("join", "is required in the first request of the stream");
  const { group, start, maxOutstandingRecords, maxOutstandingBytes } = action.value;
  checkGroup(group, "join.group");
  const records = { min: 1, max: outstandingMessagesMax, fallback: outstandingMessagesDefault };
  const bytes = { min: outstandingBytesMin, max: outstandingBytesMax, fallback: outstandingBytesDefault };
  return {
    group,
    start: checkedEnd(start, "join."),
    outstanding: {
      messages: checkedWithin(maxOutstandingRecords, records, "join.max_outstanding_records"),
      bytes: checkedWithin(Number(maxOutstandingBytes), bytes, "join.max_outstanding_bytes"),
    },
  };
}

/** A request after the first of a Consume stream. */
export function checkedCommit(bound: BoundStream, { namespace, action }: wire.ConsumeRequest): readonly Position[] {
  checkSameNamespace(bound, namespace);
  if (action?.$case === "join") throw invalidField("join", "is given twice; open another call for another member");
  if (action === undefined) throw invalidField("commit", "is required in every request after the first");
  const { positions } = action.value;
  checkCount(positions.length, positionsMax, "commit.positions");
  for (const [index, { partition, offset }] of positions.entries()) {
    checkPartition(bound, partition, `commit.positions[${index}].partition`);
    checkOffset(offset, `commit.positions[${index}].offset`);
  }
  return positions;
}

export function checkGroup(group: string, field: string): void {
  checkName(group, groupBytesMax, field);
}

function checkPartition({ pattern: { partitions } }: BoundStream, partition: number, field: string): void {
  if (partition < partitions) return;
  throw invalidField(field, `is ${partition}; the log has ${partitions === 1 ? "one, 0" : `0 to ${partitions - 1}`}`);
}

function checkOffset(offset: bigint, field: string): void {
  if (offset > offsetMax) throw invalidField(field, `is ${offset}; give 0 to ${offsetMax}`);
}
