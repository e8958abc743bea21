import { payloadBytesDefault } from "../../protocol/messaging/messaging-bounds.js";
import { valueBytesMax } from "../../protocol/pattern/message-bounds.js";
import type { CapabilityPromises, PatternKind } from "../pattern-kind.js";
import type { Queue } from "./queue.js";
import { type QueueCapability, queueCapabilities } from "./queue-capabilities.js";
import type { QueueLimits } from "./queue-limits.js";

/** The types of the queue pattern. */
export interface QueueTypes {
  readonly name: "queue";
  readonly member: "queue";
  readonly api: Queue;
  readonly capability: QueueCapability;
  readonly limits: QueueLimits;
}

/** The queue pattern. */
export const queueKind: PatternKind<QueueTypes> = {
  name: "queue",
  service: "prism.queue.v1.QueueService",
  member: "queue",
  minimum: "Send, Receive, Consume, Acknowledge, Reject, Extend and Describe",
  requiredMethods: [
    "send",
    "receive",
    "acknowledge",
    "reject",
    "release",
    "extend",
    "describe",
  ] satisfies (keyof Queue)[],
  capabilities: queueCapabilities,
  promises: {
    delay: { methods: [] },
    deduplication: { methods: [] },
    dead_letter: { methods: ["listDeadLetters", "redrive"] },
  } satisfies CapabilityPromises<QueueTypes>,
  addingMethods: ["Send"],
  limits: {
    payloadBytesMax: {
      default: payloadBytesDefault,
      min: 1,
      max: valueBytesMax,
      means: "the largest payload of a message, in bytes",
    },
  },
  loadMethods: async () => (await import("../../protocol/queue/queue-methods.js")).queueMethods,
};
