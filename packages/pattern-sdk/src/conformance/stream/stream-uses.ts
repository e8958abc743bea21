import type { StreamCapability } from "../../patterns/stream/stream-capabilities.js";
import type { StreamClient } from "./stream-client.js";

/** One call per use of a capability; each must be refused where the namespace does not have it. */
export const streamUses: Readonly<
  Partial<Record<StreamCapability, Readonly<Record<string, (stream: StreamClient) => Promise<unknown>>>>>
> = {
  groups: {
    Consume: async (stream) => {
      const error = await stream.consume("g").ended;
      if (error !== undefined) throw error;
    },
    "Describe with a group": (stream) => stream.describe("g"),
  },
  replay_by_time: { "Read from a time": (stream) => stream.readAll({ from: { timeMs: 0 } }) },
};

/** One option per use of a capability; a namespace with it must not be bound where the plugin does not have the capability. */
export const streamOptionUses: Readonly<
  Partial<Record<StreamCapability, readonly Readonly<Record<string, unknown>>[]>>
> = {
  partitions: [{ partitions: 2 }],
  growth: [{ growable: true }],
  retention: [{ retention_period: "1h" }, { retention_bytes: "64MiB" }],
  compaction: [{ compaction: true }],
};
