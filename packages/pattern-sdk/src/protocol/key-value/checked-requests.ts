import type {
  DeleteRequest,
  Mutation,
  ScanRequest,
  ScanSelection,
  SetRequest,
  TransactCondition,
  TransactRequest,
  WriteCondition,
} from "../../patterns/key-value/key-value.js";
import { compareUtf8 } from "../../patterns/utf8-order.js";
import type { Duration } from "../gen/google/protobuf/duration.js";
import type * as wire from "../gen/prism/keyvalue/v1/keyvalue.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import { atMost, checkedToken, invalidField } from "../pattern/checked-fields.js";
import { checkBatch, checkOptionalBatch, checkValue } from "../pattern/checked-sizes.js";
import { answerBytesMax } from "../pattern/message-bounds.js";
import { openPageToken, type PageTokenScope } from "../pattern/page-token.js";
import { checkEtag, checkedTtlMs, checkKey, checkPrefix } from "./checked-fields.js";
import {
  batchEntriesMax,
  entryOverheadBytesMax,
  pageSizeBytesDefault,
  pageSizeBytesMax,
  scanLimitDefault,
  scanLimitMax,
} from "./key-value-bounds.js";
import type { BoundKeyValue } from "./key-value-method.js";

/** Turns the wire's requests into the author's, checked. `path` is the prefix of field names: `""` or such as `"entries[3]."`. */
export function checkedSet(bound: BoundKeyValue, set: Omit<wire.SetRequest, "namespace">, path: string): SetRequest {
  checkKey(set.key, `${path}key`);
  checkValue(bound, set.value, bound.bounds.valueBytesMax, `${path}value`);
  return {
    key: set.key,
    value: set.value,
    ttlMs: set.ttl === undefined ? undefined : permittedTtlMs(bound, set.ttl, `${path}ttl`),
    condition: set.condition === undefined ? undefined : checkedCondition(bound, set.condition, path),
    token:
      set.idempotencyToken === undefined ? undefined : checkedToken(set.idempotencyToken, `${path}idempotency_token`),
  };
}

export function checkedDelete(
  bound: BoundKeyValue,
  { key, ifEtag }: Omit<wire.DeleteRequest, "namespace">,
  path: string,
): DeleteRequest {
  checkKey(key, `${path}key`);
  if (ifEtag !== undefined) {
    requireCapability(bound, "conditional", `The field ${path}if_etag`);
    checkEtag(ifEtag, `${path}if_etag`);
  }
  return { key, ifEtag };
}

export function checkedKeys(bound: BoundKeyValue, keys: readonly string[]): readonly string[] {
  checkBatch(bound, keys.length, batchEntriesMax, "keys");
  keys.forEach((key, index) => {
    checkKey(key, `keys[${index}]`);
  });
  return keys;
}

export function checkedEntries<Entry, Checked>(
  bound: BoundKeyValue,
  entries: readonly Entry[],
  check: (entry: Entry, path: string) => Checked,
): readonly Checked[] {
  checkBatch(bound, entries.length, batchEntriesMax, "entries");
  return entries.map((entry, index) => check(entry, `entries[${index}].`));
}

export function permittedTtlMs(bound: BoundKeyValue, ttl: Duration, field: string): number {
  requireCapability(bound, "ttl", `The field ${field}`);
  return checkedTtlMs(ttl, bound.bounds.ttlGrainMs, field);
}

function checkedCondition(
  bound: BoundKeyValue,
  condition: NonNullable<wire.SetRequest["condition"]>,
  path: string,
): WriteCondition {
  if (condition.$case === "ifAbsent") {
    requireCapability(bound, "conditional", `The field ${path}if_absent`);
    if (!condition.value)
      throw invalidField(`${path}if_absent`, "must be true when it is set; leave it out to write always");
    return { kind: "absent" };
  }
  requireCapability(bound, "conditional", `The field ${path}if_etag`);
  checkEtag(condition.value, `${path}if_etag`);
  return { kind: "etag", etag: condition.value };
}

/** A scan for the store, and what the next page's token will be good for. */
export interface CheckedScan {
  readonly request: ScanRequest;
  readonly scope: PageTokenScope;
}

export function checkedScan(bound: BoundKeyValue, scan: wire.ScanRequest, plugin: string): CheckedScan {
  const selection = checkedSelection(bound, scan.selection);
  const limit = atMost(scan.limit, scanLimitMax, "limit") || scanLimitDefault;
  const askedBytes = atMost(scan.pageSizeBytes, pageSizeBytesMax, "page_size_bytes") || pageSizeBytesDefault;
  const scope = pageTokenScope({ plugin, namespace: bound.namespace, selection, keysOnly: scan.keysOnly });
  return {
    request: {
      selection,
      limit,
      // What the entries' etags and framing may take is kept free, so that the page fits into one message.
      pageSizeBytes: Math.min(askedBytes, answerBytesMax - limit * entryOverheadBytesMax),
      keysOnly: scan.keysOnly,
      cursor: scan.pageToken === "" ? undefined : openPageToken(scan.pageToken, scope),
    },
    scope,
  };
}

function pageTokenScope(scan: {
  plugin: string;
  namespace: string;
  selection: ScanSelection;
  keysOnly: boolean;
}): PageTokenScope {
  const { plugin, namespace, selection, keysOnly } = scan;
  const ends = selection.kind === "prefix" ? [selection.prefix] : [selection.start, selection.end];
  const request = [selection.kind, ...ends, keysOnly];
  return { plugin, namespace, request, fields: "namespace, selection and keys_only" };
}

function checkedSelection(bound: BoundKeyValue, selection: wire.ScanRequest["selection"]): ScanSelection {
  if (selection === undefined) return { kind: "prefix", prefix: "" };
  if (selection.$case === "prefix") {
    checkPrefix(selection.value, "prefix");
    return { kind: "prefix", prefix: selection.value };
  }
  requireCapability(bound, "ordered_scan", "The field range");
  const { start, end } = selection.value;
  checkPrefix(start, "range.start");
  checkPrefix(end, "range.end");
  if (end !== "" && compareUtf8(start, end) >= 0) {
    throw invalidField("range.end", "must be greater than range.start in the order of UTF-8 bytes, or empty");
  }
  return { kind: "range", start, end };
}

export function checkedTransact(bound: BoundKeyValue, transact: wire.TransactRequest): TransactRequest {
  checkOptionalBatch(bound, transact.conditions.length, batchEntriesMax, "conditions");
  checkBatch(bound, transact.mutations.length, batchEntriesMax, "mutations");
  return {
    conditions: transact.conditions.map((condition, index) => checkedTest(condition, `conditions[${index}]`)),
    mutations: transact.mutations.map((mutation, index) => checkedMutation(bound, mutation, `mutations[${index}]`)),
  };
}

function checkedTest({ key, test }: wire.Condition, path: string): TransactCondition {
  checkKey(key, `${path}.key`);
  if (test === undefined) throw invalidField(`${path}.test`, "is required: give exists or etag");
  if (test.$case === "exists") return { kind: "exists", key, exists: test.value };
  checkEtag(test.value, `${path}.etag`);
  return { kind: "etag", key, etag: test.value };
}

function checkedMutation(bound: BoundKeyValue, { action }: wire.Mutation, path: string): Mutation {
  if (action === undefined) throw invalidField(`${path}.action`, "is required: give set or delete");
  if (action.$case === "delete") {
    checkKey(action.value.key, `${path}.delete.key`);
    return { kind: "delete", key: action.value.key };
  }
  const { key, value, ttl } = action.value;
  checkKey(key, `${path}.set.key`);
  checkValue(bound, value, bound.bounds.valueBytesMax, `${path}.set.value`);
  const ttlMs = ttl === undefined ? undefined : permittedTtlMs(bound, ttl, `${path}.set.ttl`);
  return { kind: "set", key, value, ttlMs };
}
