import * as z from "zod";
import { definePlugin } from "../../../define-plugin.js";
import {
  type QueueCapability,
  type QueueOptions,
  queueCapabilities,
  queueOptions,
} from "../../../patterns/queue/index.js";
import type { PatternBinder, PluginDefinition } from "../../../plugin.js";
import { ReferenceQueue } from "./reference-queue.js";

/** What a plugin is made of that keeps its queues in this process. */
export interface ReferenceParts {
  readonly capabilities?: readonly QueueCapability[];
  /** The class of its queues. */
  readonly Queue?: typeof ReferenceQueue;
  /** Under which name a namespace's queue is kept. */
  readonly queueName?: (namespace: string) => string;
  /** Whether deleting the data of `asked` reaches the queue of `name`. */
  readonly reaches?: (asked: string, name: string) => boolean;
  /** The queues survive a restart of the plugin, as those of a real data system do. */
  readonly survivesRestart?: boolean;
}

/** A plugin on plain queues; with no parts given, one that keeps every promise. */
export function referencePlugin(parts: ReferenceParts = {}): PluginDefinition {
  const surviving = new Map<string, ReferenceQueue>();
  return definePlugin({
    name: "reference",
    version: "0.0.1",
    durability: "backend",
    settings: z.strictObject({}),
    patterns: { queue: { capabilities: parts.capabilities ?? queueCapabilities, options: queueOptions } },
    open: () => ({ queue: queueBinder(parts, parts.survivesRestart === false ? new Map() : surviving) }),
  });
}

function queueBinder(
  parts: ReferenceParts,
  queues: Map<string, ReferenceQueue>,
): PatternBinder<ReferenceQueue, QueueOptions> {
  const {
    Queue = ReferenceQueue,
    queueName = (namespace) => namespace,
    reaches = (asked, name) => asked === name,
  } = parts;
  return {
    bind({ namespace, options, capabilities }) {
      const name = queueName(namespace);
      const hasDeadLetters = capabilities.has("dead_letter");
      const pattern = queues.get(name) ?? new Queue(options, hasDeadLetters);
      Object.assign(pattern, { options, hasDeadLetters });
      queues.set(name, pattern);
      return { pattern };
    },
    deleteData(namespace) {
      const asked = queueName(namespace);
      for (const [name, queue] of queues) if (reaches(asked, name)) queue.clear();
      return [];
    },
  };
}
