import { keyValueKind } from "./key-value/key-value-kind.js";
import type { PatternKind, PatternTypes } from "./pattern-kind.js";
import { pubSubKind } from "./pub-sub/pub-sub-kind.js";
import { queueKind } from "./queue/queue-kind.js";
import { relationalKind } from "./relational/relational-kind.js";
import { streamKind } from "./stream/stream-kind.js";

/** Every pattern, by its name in configuration. What the SDK, the proxy and the tests know of patterns comes from here. */
export const patternKinds = {
  "key-value": keyValueKind,
  relational: relationalKind,
  "pub-sub": pubSubKind,
  queue: queueKind,
  stream: streamKind,
} as const;

/** The name of a pattern, as configuration spells it. */
export type Pattern = keyof typeof patternKinds;

/** The types of one pattern. */
export type TypesOf<Name extends Pattern> =
  (typeof patternKinds)[Name] extends PatternKind<infer Types extends PatternTypes> ? Types : never;

/** The patterns that this SDK knows. */
export const patterns = Object.keys(patternKinds) as readonly Pattern[];

/** The pattern of a name. `undefined`: there is none. */
export function findPattern(name: string): PatternKind | undefined {
  return Object.hasOwn(patternKinds, name) ? patternKinds[name as Pattern] : undefined;
}
