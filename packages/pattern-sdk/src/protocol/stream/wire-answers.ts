import type { BatchResult } from "../../patterns/batch-result.js";
import type { PartitionDescription, Position, StreamRecord } from "../../patterns/stream/stream.js";
import type * as wire from "../gen/prism/stream/v1/stream.js";
import { wireMessage } from "../messaging/wire-messages.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";
import { timestampFromMs } from "../wire-time.js";

/** Says on the wire what one record of a batch met. */
type StatusOfEntry = MethodEnvironment["statusOfEntry"];

/** What became of one record. */
export function wireOutcome(result: BatchResult<Position>, statusOfEntry: StatusOfEntry): wire.AppendOutcome {
  if (result.ok) return { outcome: { $case: "position", value: result.result } };
  return { outcome: { $case: "error", value: statusOfEntry(result.error) } };
}

export function wireRecord({ partition, offset, message, appendedAtMs }: StreamRecord): wire.Record {
  return { partition, offset, message: wireMessage(message), appendTime: timestampFromMs(appendedAtMs) };
}

export function wirePartition(description: PartitionDescription, ofGroup: boolean): wire.PartitionDescription {
  const { partition, earliestOffset, nextOffset, committedOffset, lag } = description;
  const progress = ofGroup ? { committedOffset, lag: lag ?? 0n } : {};
  return { partition, earliestOffset, nextOffset, ...progress };
}
