import { writesPerPartition } from "./capacity/partitions.js";
import type { Needs, WrittenNeeds } from "./needs.js";
import type { Problem } from "./problem.js";
import { countText, parseCount } from "./quantity.js";

/** Needs that no backend can hold together. */
export interface Contradiction {
  readonly name: string;
  /** The option that it is told of. */
  readonly option: string;
  /** What is refused, for people. */
  readonly refuses: string;
  /** What is wrong, and the nearest that would pass; `undefined`: nothing. */
  find(needs: Needs, options: ReadonlyMap<string, string>): string | undefined;
}

/** What namespaces take at most: ten years. */
const retentionMsMax = 87_600 * 3_600_000;

/** The patterns that hand on messages. */
const handsOn = (pattern: string) => pattern === "pub-sub" || pattern === "stream" || pattern === "queue";

/** All of them: each is looked for in each message, and all that are found are told at once. */
export const contradictions: readonly Contradiction[] = [
  {
    name: "replay of what is not kept",
    option: "replay",
    refuses: "`replay` on any pattern but stream",
    find: ({ replay, pattern }) =>
      replay && pattern !== "stream"
        ? `${pattern} forgets what was read; replay needs (prism.pattern) = "stream"`
        : undefined,
  },
  {
    name: "ttl on messages",
    option: "ttl",
    refuses: "`ttl` on any pattern but key-value",
    find: ({ ttlMs, pattern }, options) =>
      ttlMs !== undefined && pattern !== "key-value"
        ? `only keys have a time to live; for ${pattern} ${pattern === "relational" ? "leave it out" : `say (prism.retention_days) = "${options.get("ttl")}"`}`
        : undefined,
  },
  {
    name: "retention that is too long",
    option: "retention_days",
    refuses: "`retention_days` over ten years",
    find: ({ retentionMs = 0 }) =>
      retentionMs > retentionMsMax ? 'is more than "3650d"; "0" keeps data for ever' : undefined,
  },
  {
    name: "order in one partition",
    option: "ordering",
    refuses: "`ordering` total with more writes than one partition takes",
    find: ({ ordering, writesPerSecond = 0 }) =>
      ordering === "total" && writesPerSecond > writesPerPartition
        ? `a total order has one partition, which takes ${countText(writesPerPartition)} writes/s, and ${countText(writesPerSecond)} are needed; "per_key" spreads over partitions`
        : undefined,
  },
  {
    name: "order where there is none",
    option: "ordering",
    refuses: "`ordering` per_key or total on key-value, queue and relational, and total on pub-sub",
    find({ ordering, pattern }) {
      if (ordering === undefined || ordering === "none" || pattern === "stream") return undefined;
      if (pattern === "pub-sub")
        return ordering === "total" ? 'pub-sub keeps the order of a key: say "per_key", or take a stream' : undefined;
      return `${pattern} has no order of messages: say "none", or take (prism.pattern) = "stream"`;
    },
  },
  {
    name: "consistency of what is not read",
    option: "consistency",
    refuses: "`consistency` strong or causal on pub-sub",
    find: ({ consistency, pattern }) =>
      pattern === "pub-sub" && (consistency === "strong" || consistency === "causal")
        ? 'messages of pub-sub arrive some time later: say "eventual", or take (prism.pattern) = "stream"'
        : undefined,
  },
  {
    name: "largest message below the usual one",
    option: "max_message_size",
    refuses: "`max_message_size` below `item_size`",
    find: ({ itemBytes, largestItemBytes }) =>
      largestItemBytes < itemBytes ? `is less than item_size: say at least "${countText(itemBytes)}B"` : undefined,
  },
  {
    name: "data size twice",
    option: "estimated_data_size_gb",
    refuses: "`estimated_data_size_gb` beside `data_size`",
    find: (_, options) =>
      options.has("estimated_data_size_gb") && options.has("data_size")
        ? "says the same as (prism.data_size): leave one of them out"
        : undefined,
  },
  {
    name: "rates that do not add up",
    option: "estimated_rps",
    refuses: "`estimated_rps` beside `estimated_read_rps` and `estimated_write_rps` that add up to something else",
    find(_, options) {
      const [all, reads, writes] = ["estimated_rps", "estimated_read_rps", "estimated_write_rps"].map((name) =>
        parseCount(options.get(name) ?? ""),
      );
      if (all === undefined || reads === undefined || writes === undefined || reads + writes === all) return undefined;
      return `reads and writes add up to ${countText(reads + writes)}: say "${reads + writes}", or leave it out`;
    },
  },
  {
    name: "cache of what is read once",
    option: "enable_cache",
    refuses: "`enable_cache` on any pattern but key-value",
    find: ({ cache, pattern }) =>
      cache !== undefined && pattern !== "key-value"
        ? `only reads of keys can come from a cache: leave it out${handsOn(pattern) ? "" : ', or take (prism.pattern) = "key-value"'}`
        : undefined,
  },
  {
    name: "age of a cache that is off",
    option: "cache_ttl_seconds",
    refuses: "`cache_ttl_seconds` without `enable_cache`",
    find: ({ cache }, options) =>
      options.has("cache_ttl_seconds") && cache === undefined
        ? "says nothing without (prism.enable_cache) = true"
        : undefined,
  },
];

/** What contradicts itself in one message. */
export function contradictionsOf(needs: Needs, { message, options }: WrittenNeeds): readonly Problem[] {
  return contradictions.flatMap(({ option, find }) => {
    const found = find(needs, options);
    return found === undefined ? [] : [{ at: `${message} (prism.${option})`, message: found }];
  });
}
