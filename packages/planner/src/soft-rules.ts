import type { Needs, PlannedPattern } from "./needs.js";

/** What is wished: it moves backends among those that have all that must be there. */
export interface SoftRule {
  readonly name: string;
  /** What it looks at, for people. */
  readonly looksAt: string;
  readonly pattern: PlannedPattern;
  applies(needs: Needs): boolean;
  /** Points more or fewer, and why, by plugin. */
  readonly changes: Readonly<Record<string, { readonly points: number; readonly reason: string }>>;
}

const gibibyte = 2 ** 30;

export const softRules: readonly SoftRule[] = [
  {
    name: "quick answers",
    looksAt: "`latency_target` of 5 ms or less, on key-value",
    pattern: "key-value",
    applies: ({ latencyMs }) => latencyMs !== undefined && latencyMs <= 5,
    changes: { redis: { points: 15, reason: "its answers do not wait for a disk" } },
  },
  {
    name: "quick delivery",
    looksAt: "`latency_target` of 5 ms or less, on pub-sub",
    pattern: "pub-sub",
    applies: ({ latencyMs }) => latencyMs !== undefined && latencyMs <= 5,
    changes: { kafka: { points: -10, reason: "it gathers messages before it sends them" } },
  },
  {
    name: "more than fits into memory",
    looksAt: "`data_size` over 100 GiB, on key-value",
    pattern: "key-value",
    applies: ({ dataBytes }) => dataBytes !== undefined && dataBytes > 100 * gibibyte,
    changes: {
      redis: { points: -30, reason: "so much data costs more in memory than on disk" },
      sqlite: { points: -20, reason: "so much data is much for one file" },
    },
  },
  {
    name: "very many reads",
    looksAt: "more than 100,000 reads a second, on key-value",
    pattern: "key-value",
    applies: ({ readsPerSecond }) => readsPerSecond !== undefined && readsPerSecond > 100_000,
    changes: { redis: { points: 15, reason: "it answers so many reads from memory" } },
  },
  {
    name: "very many messages",
    looksAt: "more than 50,000 writes a second, on pub-sub",
    pattern: "pub-sub",
    applies: ({ writesPerSecond }) => writesPerSecond !== undefined && writesPerSecond > 50_000,
    changes: { kafka: { points: 30, reason: "it spreads so many messages over partitions" } },
  },
  {
    name: "no one to share with",
    looksAt: "more than 1,000 writes a second, on relational",
    pattern: "relational",
    applies: ({ writesPerSecond }) => writesPerSecond !== undefined && writesPerSecond > 1_000,
    changes: { sqlite: { points: -20, reason: "so many writes wait for each other" } },
  },
];
