import type { BrokenPubSub } from "./broken-pub-sub.js";

/** Plugins that get namespaces, or the end of the process, wrong. */
export const brokenNamespaces: readonly BrokenPubSub[] = [
  {
    does: "takes namespaces for the same whatever their case",
    caughtBy: "namespaces: namespaces whose names are alike share nothing",
    keptName: (namespace) => namespace.toLowerCase(),
  },
  {
    does: "normalizes the letters of namespaces",
    caughtBy: "namespaces: a pattern stays in its namespace",
    keptName: (namespace) => namespace.normalize(),
  },
  {
    does: "loses its groups with its process",
    caughtBy: "durability: what a group keeps survives the end of the process",
    survivesRestart: false,
  },
  {
    does: "keeps what was to be deleted",
    caughtBy: "durable groups: a group of which the data was deleted keeps nothing",
    deletesData: false,
  },
];
