import type { BeginRequest, Isolation } from "../../patterns/relational/relational.js";
import type { RelationalCapability } from "../../patterns/relational/relational-capabilities.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import * as wire from "../gen/prism/relational/v1/relational.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import { checkedDurationMs, type DurationRange, invalidField } from "../pattern/checked-fields.js";
import { idleTimeoutMs } from "./relational-bounds.js";
import type { BoundRelational } from "./relational-method.js";

const isolations: Readonly<Record<number, { readonly name: Isolation; readonly capability: RelationalCapability }>> = {
  [wire.Isolation.READ_COMMITTED]: { name: "read-committed", capability: "read_committed" },
  [wire.Isolation.REPEATABLE_READ]: { name: "repeatable-read", capability: "repeatable_read" },
  [wire.Isolation.SERIALIZABLE]: { name: "serializable", capability: "serializable" },
};

const idleTimeoutRange: DurationRange = {
  aboveZero: true,
  maxMs: idleTimeoutMs.max,
  maxText: "10 minutes",
  advice: "leave it out for 10 s",
};

export function checkedBegin(bound: BoundRelational, { action }: wire.TransactRequest): BeginRequest {
  if (action?.$case !== "begin") throw invalidField("begin", "is required in the first request of the stream");
  const { isolation, readOnly, idleTimeout } = action.value;
  return {
    isolation: checkedIsolation(bound, isolation),
    readOnly,
    idleTimeoutMs: idleTimeout === undefined ? idleTimeoutMs.default : checkedIdleTimeoutMs(idleTimeout),
  };
}

export function wireIsolation(isolation: Isolation): wire.Isolation {
  const [number] = Object.entries(isolations).find(([, { name }]) => name === isolation)!;
  return Number(number) as wire.Isolation;
}

function checkedIsolation(bound: BoundRelational, isolation: number): Isolation | undefined {
  if (isolation === wire.Isolation.UNSPECIFIED) return undefined;
  const known = isolations[isolation];
  if (known === undefined) throw invalidField("begin.isolation", `is ${isolation}, which is no isolation`);
  requireCapability(bound, known.capability, "The field begin.isolation");
  return known.name;
}

function checkedIdleTimeoutMs(idleTimeout: Duration): number {
  const field = "begin.idle_timeout";
  const timeoutMs = checkedDurationMs(idleTimeout, idleTimeoutRange, 1, field);
  if (timeoutMs < idleTimeoutMs.min) throw invalidField(field, "must be at least 1 s; leave it out for 10 s");
  return timeoutMs;
}
