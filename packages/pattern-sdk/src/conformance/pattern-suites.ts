import type { Pattern } from "../patterns/pattern-kinds.js";
import { keyValueSuite } from "./key-value/key-value-suite.js";
import type { PatternSuite } from "./pattern-suite.js";
import { pubSubSuite } from "./pub-sub/pub-sub-suite.js";
import { queueSuite } from "./queue/queue-suite.js";
import { relationalSuite } from "./relational/relational-suite.js";
import { streamSuite } from "./stream/stream-suite.js";

/** How each pattern is proven. */
export const patternSuites: Readonly<Record<Pattern, PatternSuite>> = {
  "key-value": keyValueSuite,
  relational: relationalSuite,
  "pub-sub": pubSubSuite,
  queue: queueSuite,
  stream: streamSuite,
};
