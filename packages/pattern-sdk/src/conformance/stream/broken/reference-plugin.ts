import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import { definePlugin } from "../../../define-plugin.js";
import type { StreamOptions } from "../../../patterns/stream/stream.js";
import { type StreamCapability, streamCapabilities } from "../../../patterns/stream/stream-capabilities.js";
import { partitionsFixedError } from "../../../patterns/stream/stream-errors.js";
import { streamOptions } from "../../../patterns/stream/stream-options.js";
import type { PatternBinder, PluginDefinition } from "../../../plugin.js";
import { ReferenceStream } from "./reference-stream.js";

/** What a plugin is made of that keeps its logs in this process. */
export interface ReferenceParts {
  readonly capabilities?: readonly StreamCapability[];
  /** Makes the log of a namespace. */
  readonly makeLog?: (options: StreamOptions) => ReferenceStream;
  /** Under which name a namespace's log is kept. */
  readonly logName?: (namespace: string) => string;
  /** Whether deleting the data of `asked` reaches the log of `name`. */
  readonly reaches?: (asked: string, name: string) => boolean;
  /** The logs survive a restart of the plugin, as those of a real data system do. */
  readonly survivesRestart?: boolean;
  /** Another number of partitions makes another log. */
  readonly forgetsPartitions?: boolean;
  /** A log gets more partitions whether it may or not. */
  readonly alwaysGrows?: boolean;
  /** Where its logs are kept, by name. */
  readonly logs?: Map<string, ReferenceStream>;
  /** What a plan does with a log whose options are not as asked: nothing, or what only a bind should. Default: it tells. */
  readonly plan?: "ignores" | "changes";
}

/** A plugin on plain logs; with no parts given, one that keeps every promise. */
export function referencePlugin(parts: ReferenceParts = {}): PluginDefinition {
  const { capabilities = streamCapabilities } = parts;
  const { logs: surviving = new Map<string, ReferenceStream>() } = parts;
  return definePlugin({
    name: "reference",
    version: "0.0.1",
    durability: "backend",
    settings: z.strictObject({}),
    patterns: { stream: { capabilities, options: streamOptions(capabilities) } },
    open: () => ({ stream: binderOf(parts, parts.survivesRestart === false ? new Map() : surviving) }),
  });
}

function binderOf(
  parts: ReferenceParts,
  logs: Map<string, ReferenceStream>,
): PatternBinder<ReferenceStream, StreamOptions> {
  const {
    makeLog = (options) => new ReferenceStream(options),
    logName = (namespace) => namespace,
    reaches = (asked, name) => asked === name,
    forgetsPartitions = false,
    alwaysGrows = false,
  } = parts;
  const existing = (namespace: string, { partitions, growable }: StreamOptions) => {
    const log = logs.get(logName(namespace));
    if (log === undefined || log.partitions === partitions) return log;
    if (forgetsPartitions) return undefined;
    if ((growable || alwaysGrows) && partitions > log.partitions) return log;
    throw partitionsFixedError({ namespace, partitions: log.partitions, asked: partitions, canGrow: true });
  };
  return {
    bind({ namespace, options }) {
      const known = existing(namespace, options);
      const changes = known !== undefined && !isDeepStrictEqual(known.options, options) ? ["changed the log"] : [];
      const pattern = known ?? makeLog(options);
      pattern.options = options;
      if (options.partitions > pattern.partitions) pattern.grow(options.partitions);
      logs.set(logName(namespace), pattern);
      return { pattern, changes };
    },
    plan({ namespace, options }) {
      const log = existing(namespace, options);
      if (log === undefined || isDeepStrictEqual(log.options, options) || parts.plan === "ignores") return [];
      if (parts.plan === "changes") log.options = options;
      return ["would change the log"];
    },
    deleteData(namespace) {
      for (const [name, log] of [...logs]) {
        if (!reaches(logName(namespace), name)) continue;
        log.clear();
        logs.delete(name);
      }
      return [];
    },
  };
}
