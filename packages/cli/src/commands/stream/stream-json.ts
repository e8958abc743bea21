import type { stream } from "@prism-data/pattern-sdk/protocol";
import { messageJson, orderingJson } from "../../message-json.js";
import { rfc3339 } from "../../proto-json.js";

/** A place in a log, in the forms of proto3 JSON: 64-bit numbers are strings. */
export function positionJson({ partition, offset }: stream.Position): Record<string, unknown> {
  return { partition, offset: String(offset) };
}

export function recordJson({ message, appendTime, ...position }: stream.Record): Record<string, unknown> {
  return {
    ...positionJson(position),
    ...(appendTime !== undefined && { appendTime: rfc3339(appendTime) }),
    ...(message !== undefined && { message: messageJson(message) }),
  };
}

export function descriptionJson({ partitions, ordering }: stream.DescribeResponse): Record<string, unknown> {
  return {
    partitions: partitions.map(({ partition, earliestOffset, nextOffset, committedOffset, lag }) => ({
      partition,
      earliestOffset: String(earliestOffset),
      nextOffset: String(nextOffset),
      ...(committedOffset !== undefined && { committedOffset: String(committedOffset) }),
      ...(lag !== undefined && { lag: String(lag) }),
    })),
    ordering: orderingJson(ordering),
  };
}
