import type { AccessPattern, Needs, PlannedPattern } from "./needs.js";
import { softRules } from "./soft-rules.js";

/** How well a plugin suits, from 0 to 100, and why. */
export interface Suitability {
  readonly points: number;
  readonly reason: string;
}

type ByPlugin = Readonly<Record<string, Suitability>>;

/** Of a plugin that the table does not know. */
const unknown: Suitability = { points: 50, reason: "nothing is known of it beyond what it declares" };

const rule = (points: number, reason: string): Suitability => ({ points, reason });

const memory = rule(10, "it forgets everything with its process");

/** The rule table: what suits which data, by pattern and plugin. An access pattern that is named apart has rules of its own. */
export const rules: Readonly<Record<PlannedPattern, ByPlugin>> = {
  stream: {
    kafka: rule(90, "it is a partitioned log that spreads over brokers"),
    nats: rule(75, "its streams are logs with replicas"),
    postgres: rule(60, "its logs are tables, as durable as its transactions"),
    redis: rule(50, "its logs must fit into memory"),
    sqlite: rule(40, "its logs are in one file on one machine"),
    memstore: memory,
  },
  "key-value": {
    redis: rule(80, "it answers reads and writes from memory"),
    postgres: rule(75, "it keeps more than fits into memory, in transactions"),
    nats: rule(60, "its buckets have replicas"),
    sqlite: rule(50, "it keeps everything in one file on one machine"),
    memstore: memory,
  },
  "pub-sub": {
    nats: rule(90, "it was made for it"),
    kafka: rule(70, "it keeps what is published for groups"),
    redis: rule(65, "it hands messages on from memory"),
    postgres: rule(60, "it keeps what is published in tables"),
    memstore: memory,
  },
  queue: {
    postgres: rule(80, "a message is taken and acknowledged in transactions"),
    nats: rule(75, "its work queues have replicas"),
    redis: rule(70, "it hands messages out from memory"),
    sqlite: rule(50, "its queues are in one file on one machine"),
    memstore: memory,
  },
  relational: {
    postgres: rule(90, "it serves many writers at once"),
    sqlite: rule(50, "it has one writer at a time, in one file on one machine"),
  },
};

/** Where the access pattern changes the order. */
export const rulesOfAccess: Partial<Record<AccessPattern, Partial<Record<PlannedPattern, ByPlugin>>>> = {
  write_heavy: { "key-value": { postgres: rule(82, "it takes many durable writes in one commit") } },
};

/** How well a plugin suits the needs: by the table, and by what is wished. */
export function suitabilityOf(plugin: string, needs: Needs): Suitability {
  const { pattern, accessPattern } = needs;
  const base = rulesOfAccess[accessPattern]?.[pattern]?.[plugin] ?? rules[pattern][plugin] ?? unknown;
  const changes = softRules
    .filter((one) => one.pattern === pattern && one.applies(needs))
    .flatMap(({ changes }) => changes[plugin] ?? []);
  return {
    points: changes.reduce((sum, { points }) => sum + points, base.points),
    reason: [base.reason, ...changes.map(({ reason }) => reason)].join("; "),
  };
}
