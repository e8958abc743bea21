import type { PatternBinder, PubSubOptions } from "@prism-data/pattern-sdk";
import type { Connection } from "./connection.js";
import { checkPayload } from "./payload-limit.js";
import { NatsPubSub } from "./pub-sub.js";
import { Subjects } from "./subjects.js";

/** Topics need no making, and core NATS keeps nothing that could be removed. */
export function pubSubBinder(connection: Connection, prefix: string): PatternBinder<NatsPubSub, PubSubOptions> {
  return {
    bind({ namespace }) {
      checkPayload(connection);
      return { pattern: new NatsPubSub(connection, new Subjects(prefix, namespace)) };
    },
    deleteData: () => [],
  };
}
