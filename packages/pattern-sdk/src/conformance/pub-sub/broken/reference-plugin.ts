import * as z from "zod";
import { definePlugin } from "../../../define-plugin.js";
import type { PubSubOptions } from "../../../patterns/pub-sub/pub-sub.js";
import { type PubSubCapability, pubSubCapabilities } from "../../../patterns/pub-sub/pub-sub-capabilities.js";
import { pubSubOptions } from "../../../patterns/pub-sub/pub-sub-options.js";
import type { PatternBinder, PluginDefinition } from "../../../plugin.js";
import { ReferencePubSub } from "./reference-pub-sub.js";

/** What a plugin is made of that keeps its namespaces in this process. */
export interface ReferenceParts {
  readonly capabilities?: readonly PubSubCapability[];
  readonly makePubSub?: () => ReferencePubSub;
  /** Under which name a namespace is kept. */
  readonly keptName?: (namespace: string) => string;
  /** Default: true. */
  readonly deletesData?: boolean;
  /** The namespaces survive a restart of the plugin, as those of a real data system do. */
  readonly survivesRestart?: boolean;
}

/** A plugin with plain pub-sub; with no parts given, one that keeps every promise. */
export function referencePlugin(parts: ReferenceParts = {}): PluginDefinition {
  const { capabilities = pubSubCapabilities, survivesRestart = true } = parts;
  const surviving = new Map<string, ReferencePubSub>();
  const definition = definePlugin({
    name: "reference",
    version: "0.0.1",
    durability: "backend",
    settings: z.strictObject({}),
    patterns: { "pub-sub": { capabilities, options: pubSubOptions(capabilities) } },
    open() {
      const kept = survivesRestart ? surviving : new Map<string, ReferencePubSub>();
      for (const pubsub of kept.values()) pubsub.crash();
      return { pubSub: binder(parts, kept) };
    },
  });
  return definition as PluginDefinition;
}

function binder(
  parts: ReferenceParts,
  kept: Map<string, ReferencePubSub>,
): PatternBinder<ReferencePubSub, PubSubOptions> {
  const { makePubSub = () => new ReferencePubSub(), keptName = (namespace) => namespace, deletesData = true } = parts;
  return {
    bind({ namespace, options }) {
      const pattern = kept.get(keptName(namespace)) ?? makePubSub();
      pattern.options = options;
      kept.set(keptName(namespace), pattern);
      return { pattern };
    },
    deleteData(namespace) {
      if (deletesData) kept.delete(keptName(namespace));
      return [];
    },
  };
}
