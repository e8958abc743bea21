import type { BrokenStream } from "./broken-stream.js";
import type { ReferenceStream } from "./reference-stream.js";

const driftCase =
  "drift: what somebody changes by hand is told by a plan, which changes nothing, and put right by a bind or refused";

/** Plugins that mix up namespaces, or lose them. */
export const namespaceStreams: readonly BrokenStream[] = [
  {
    does: "ignores the case of namespaces",
    caughtBy: "isolation: namespaces whose names are alike share nothing",
    logName: (namespace) => namespace.toLowerCase(),
  },
  {
    does: "normalizes the names of namespaces",
    caughtBy: "isolation: namespaces whose names are alike share nothing",
    logName: (namespace) => namespace.normalize(),
  },
  {
    does: "deletes every namespace whose name starts alike",
    caughtBy: "isolation: deleting the data of a namespace leaves the others",
    reaches: (asked, name) => name.startsWith(asked),
  },
  {
    does: "keeps the data of a namespace that was deleted",
    caughtBy: "isolation: a namespace whose data was deleted is empty when it is bound again",
    reaches: () => false,
  },
  {
    does: "makes a new log when the number of partitions changes",
    caughtBy: "partitions: their number cannot be changed, and the log stays as it is",
    forgetsPartitions: true,
  },
  {
    does: "looks at no more than whether a log is there when it plans",
    caughtBy: driftCase,
    ...changedByHand(),
    plan: "ignores",
  },
  {
    does: "puts right what it was only to plan",
    caughtBy: driftCase,
    ...changedByHand(),
    plan: "changes",
  },
  {
    does: "says that it is durable, and keeps everything in its process",
    caughtBy: "durability: what was acknowledged is there after a kill, in its place",
    survivesRestart: false,
  },
];

/** Logs that somebody reaches past the plugin. */
function changedByHand(): Pick<BrokenStream, "logs" | "drifts"> {
  const logs = new Map<string, ReferenceStream>();
  const make = async (namespace: string) => {
    const log = logs.get(namespace)!;
    log.options = { ...log.options, retentionMs: 5_000 };
  };
  return { logs, drifts: [{ does: "shortens the retention of a log", make, told: /chang/ }] };
}
