import { kafka, nats, postgres, redis, type ServerKind } from "../servers/own-server.ts";
import { startKeyValueLoad } from "./key-value/load.ts";
import type { StartLoad, Traits } from "./load.ts";
import { startPubSubLoad } from "./pub-sub/load.ts";
import { startQueueLoad } from "./queue/load.ts";
import { startRelationalLoad } from "./relational/load.ts";
import { startStreamLoad } from "./stream/load.ts";

/** A data system whose plugin is tried by faults. */
export interface TestedBackend {
  /** Also the name of its plugin. */
  readonly name: string;
  /** Left out: the plugin is the data system. */
  readonly server?: ServerKind;
  /** Further arguments of a server that clients reach at another port than its own. */
  readonly serverArguments?: (port: number) => readonly string[];
  /** What the operator writes; `address` is where the server is reached. */
  settings(address: string): object;
  /** Whether everything is gone with the plugin's process. */
  readonly isForgetful?: true;
  /** How long after its server's return it may take to serve again. Default: 2 s. */
  readonly recoversWithinMs?: number;
  /** The patterns that it offers, one line each. */
  readonly patterns: Readonly<Partial<Record<Pattern, Traits>>>;
}

/** How each pattern is used, and what the operator writes for its namespace. */
export const loads = {
  "key-value": { start: startKeyValueLoad },
  // A message of the load is delivered until it is handled, however often that is interrupted.
  queue: { start: startQueueLoad, options: () => ({ max_deliveries: 1_000 }) },
  stream: { start: startStreamLoad, options: ({ partitions }: Traits) => ({ partitions }) },
  "pub-sub": { start: startPubSubLoad },
  relational: { start: startRelationalLoad },
} satisfies Record<string, { start: StartLoad; options?(traits: Traits): object }>;

export type Pattern = keyof typeof loads;

/** To try another cell of the matrix, add its line. */
export const testedBackends: readonly TestedBackend[] = [
  {
    name: "memstore",
    settings: () => ({}),
    isForgetful: true,
    patterns: { "key-value": {}, queue: {}, stream: { partitions: 3 }, "pub-sub": {} },
  },
  {
    name: "sqlite",
    settings: () => ({ path: "./data.db" }),
    patterns: { "key-value": {}, queue: {}, stream: { partitions: 3 }, relational: {} },
  },
  {
    name: "redis",
    server: redis,
    settings: (url) => ({ url }),
    patterns: { "key-value": {}, queue: {}, stream: { partitions: 3 }, "pub-sub": {} },
  },
  {
    name: "postgres",
    server: postgres,
    settings: (url) => ({ url }),
    patterns: {
      "key-value": {},
      queue: {},
      stream: { partitions: 3 },
      "pub-sub": {},
      relational: { parameterSign: "$" },
    },
  },
  {
    name: "nats",
    server: nats,
    settings: (url) => ({ url }),
    patterns: { "key-value": {}, queue: {}, stream: { partitions: 3 }, "pub-sub": {} },
  },
  {
    name: "kafka",
    server: kafka,
    // Kafka tells its clients where it is.
    serverArguments: (port) => ["--override", `advertised.listeners=PLAINTEXT://127.0.0.1:${port}`],
    settings: (broker) => ({ brokers: [broker], session_timeout: "3s" }),
    // A group waits for the session of a member that it lost, and then for its own rebalance.
    recoversWithinMs: 10_000,
    patterns: { stream: { partitions: 3 }, "pub-sub": {} },
  },
];
