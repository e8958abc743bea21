import type { Drift } from "@prism-data/pattern-sdk/conformance";
import { Redis } from "ioredis";
import { KeySpace } from "../key-space.js";
import { PatternSpace } from "../pattern-space.js";

/** What an operator may do to the names of namespaces in database 0, by pattern. */
export function driftsOf(url: string) {
  const operator = new Redis(url);
  const where = { prefix: "prism", database: 0 };
  const keyValue: Drift = {
    does: "removes the index of a namespace",
    make(namespace) {
      const { state, index, expiry } = new KeySpace({ ...where, namespace });
      return operator.unlink(state, index, expiry);
    },
    told: /index of/,
  };
  const stream: Drift = {
    does: "removes the names of a log",
    make(namespace) {
      const { base } = new PatternSpace({ ...where, pattern: "stream", namespace });
      return operator.unlink(["log", "records:0", "records:1", "groups"].map((name) => base + name));
    },
    told: /an empty log in Redis/,
    asked: { options: { partitions: 2 } },
  };
  return { close: () => operator.disconnect(), drifts: { "key-value": [keyValue], stream: [stream] } };
}
