import { type Consistency, consistencies, type PlannedPattern } from "./needs.js";
import type { Offer } from "./offer.js";

/** What a read sees on one plugin, and why. */
interface Given {
  readonly consistency: Consistency;
  readonly reason: string;
}

const strong = (reason: string): Given => ({ consistency: "strong", reason });

const oneProcess = strong("one process answers every read and write");
const oneServer = strong("one server answers every read and write");
const primary = strong("reads and writes go to the primary");
const oneFile = strong("reads and writes go to one file");

/** What each plugin gives, by pattern. Pub-sub is not read: its messages arrive some time later. */
const givenBy: Readonly<Record<string, Partial<Record<PlannedPattern, Given>>>> = {
  memstore: { "key-value": oneProcess, stream: oneProcess, queue: oneProcess },
  sqlite: { "key-value": oneFile, stream: oneFile, queue: oneFile, relational: oneFile },
  redis: { "key-value": oneServer, stream: oneServer, queue: oneServer },
  postgres: { "key-value": primary, stream: primary, queue: primary, relational: primary },
  kafka: { stream: strong("what is acknowledged is on all replicas in sync, and reads go to the leader") },
};

/** A read from JetStream is answered by any server that keeps the stream, which may lag behind the others. */
const anyReplica: Given = { consistency: "eventual", reason: "any replica answers a read, and one may lag" };

/** What a read on a backend sees; `undefined`: not known. */
export function consistencyOn({ plugin, facts }: Offer, pattern: PlannedPattern): Given | undefined {
  if (plugin === "nats" && pattern !== "pub-sub") return (facts?.replicas ?? 1) > 1 ? anyReplica : oneServer;
  return givenBy[plugin]?.[pattern];
}

/** Whether one is at least as strong as another. */
export function isAtLeast(given: Consistency, needed: Consistency): boolean {
  return consistencies.indexOf(given) >= consistencies.indexOf(needed);
}
