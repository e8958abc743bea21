import { payloadBytesDefault } from "../../protocol/messaging/messaging-bounds.js";
import { valueBytesMax } from "../../protocol/pattern/message-bounds.js";
import type { CapabilityPromises, PatternKind } from "../pattern-kind.js";
import type { PubSub } from "./pub-sub.js";
import { type PubSubCapability, pubSubCapabilities } from "./pub-sub-capabilities.js";
import type { PubSubLimits } from "./pub-sub-limits.js";

/** The types of the pub-sub pattern. */
export interface PubSubTypes {
  readonly name: "pub-sub";
  readonly member: "pubSub";
  readonly api: PubSub;
  readonly capability: PubSubCapability;
  readonly limits: PubSubLimits;
}

/** The pub-sub pattern. */
export const pubSubKind: PatternKind<PubSubTypes> = {
  name: "pub-sub",
  service: "prism.pubsub.v1.PubSubService",
  member: "pubSub",
  minimum: "Publish, PublishStream, and Subscribe to one topic at most once",
  requiredMethods: ["publish", "subscribe"] satisfies (keyof PubSub)[],
  capabilities: pubSubCapabilities,
  promises: {
    wildcards: { methods: [] },
    groups: { methods: [] },
    acknowledgement: { methods: [] },
    ordering: { methods: [] },
    dead_letter: { methods: [], includes: ["acknowledgement", "groups"] },
    delay: { methods: [], includes: ["acknowledgement"] },
    durable: { methods: [], includes: ["groups"] },
  } satisfies CapabilityPromises<PubSubTypes>,
  addingMethods: ["Publish", "PublishStream"],
  limits: {
    payloadBytesMax: {
      default: payloadBytesDefault,
      min: 1,
      max: valueBytesMax,
      means: "the largest payload of a message, in bytes",
    },
  },
  loadMethods: async () => (await import("../../protocol/pub-sub/pub-sub-methods.js")).pubSubMethods,
};
