import { payloadBytesDefault } from "../../protocol/messaging/messaging-bounds.js";
import { valueBytesMax } from "../../protocol/pattern/message-bounds.js";
import type { CapabilityPromises, PatternKind } from "../pattern-kind.js";
import type { Stream } from "./stream.js";
import { type StreamCapability, streamCapabilities } from "./stream-capabilities.js";
import type { StreamLimits } from "./stream-limits.js";

/** The types of the stream pattern. */
export interface StreamTypes {
  readonly name: "stream";
  readonly member: "stream";
  readonly api: Stream;
  readonly capability: StreamCapability;
  readonly limits: StreamLimits;
}

/** The stream pattern. */
export const streamKind: PatternKind<StreamTypes> = {
  name: "stream",
  service: "prism.stream.v1.StreamService",
  member: "stream",
  minimum: "Append, AppendStream, Read and Describe",
  requiredMethods: ["append", "read", "describe"] satisfies (keyof Stream)[],
  capabilities: streamCapabilities,
  promises: {
    partitions: { methods: [] },
    growth: { methods: [] },
    groups: { methods: ["join"] },
    retention: { methods: [] },
    replay_by_time: { methods: [] },
    compaction: { methods: [] },
  } satisfies CapabilityPromises<StreamTypes>,
  addingMethods: ["Append", "AppendStream"],
  limits: {
    payloadBytesMax: {
      default: payloadBytesDefault,
      min: 1,
      max: valueBytesMax,
      means: "the largest payload of a record, in bytes",
    },
  },
  loadMethods: async () => (await import("../../protocol/stream/stream-methods.js")).streamMethods,
};
