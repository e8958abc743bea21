import type { BrokenStream } from "./broken-stream.js";

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
    does: "says that it is durable, and keeps everything in its process",
    caughtBy: "durability: what was acknowledged is there after a kill, in its place",
    survivesRestart: false,
  },
];
