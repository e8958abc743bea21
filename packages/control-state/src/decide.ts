import assert from "node:assert";
import { randomBytes } from "node:crypto";
import type { Write } from "./control-state.js";
import { type Conflict, type ConflictProblem, ControlStateError } from "./errors.js";
import type { StoredNamespace } from "./stored-namespace.js";

/** More at once would hold up all other writers. */
const writesMax = 1_000;

/** Enough that no two states that share a number, such as one and its restored backup, share an etag. */
const etagRandomBytes = 6;

/** What is to be written, and what it was decided on. */
export interface WriteRequest {
  readonly writes: readonly Write[];
  /** `undefined`: whatever the state is. */
  readonly revision: string | undefined;
  readonly nowMs: number;
}

/** What becomes of one namespace. */
export type Decision =
  | { readonly kind: "save"; readonly namespace: StoredNamespace }
  | { readonly kind: "forget"; readonly namespace: StoredNamespace };

/** When writes are done, and the etag that they give. */
export interface Moment {
  readonly nowMs: number;
  readonly etag: string;
}

/** The etag, and the revision, that the `number`th write of a state gives. */
export function etagOf(number: number): string {
  return `${number}.${randomBytes(etagRandomBytes).toString("base64url")}`;
}

/** Throws when writes cannot be done together, whatever the state. */
export function checkWrites(writes: readonly Write[]): void {
  const names = new Set(writes.map(({ name }) => name));
  assert(names.size === writes.length, "a name occurs twice among the writes");
  if (writes.length <= writesMax) return;
  throw new ControlStateError(
    "invalid",
    `${writes.length} namespaces are too many to be written at once; the most is ${writesMax}. Split them.`,
  );
}

/** What writes come to, in their order. `found`: those that there are. Throws `conflict`. */
export function decide(
  writes: readonly Write[],
  found: ReadonlyMap<string, StoredNamespace>,
  moment: Moment,
): readonly Decision[] {
  const conflicts = writes.flatMap((write) => conflictOf(write, found.get(write.name)) ?? []);
  if (conflicts.length > 0) throw conflict(conflicts);
  return writes.map((write) => decisionOf(write, found.get(write.name), moment));
}

/** Throws `conflict` when the state is not the one that the writes were decided on. */
export function requireRevision(wanted: string | undefined, revision: string): void {
  if (wanted === undefined || wanted === revision) return;
  throw new ControlStateError(
    "conflict",
    "The control state was changed by another write since it was read. Nothing was written: read it again and decide anew.",
  );
}

function conflictOf(write: Write, found: StoredNamespace | undefined): Conflict | undefined {
  const problem = problemOf(write, found);
  return problem && { name: write.name, problem, etag: found?.etag };
}

function problemOf(write: Write, found: StoredNamespace | undefined): ConflictProblem | undefined {
  if (found === undefined) return write.etag === undefined ? undefined : "missing";
  if (write.etag === undefined) return found.deletion === undefined ? "exists" : "deleted";
  if (write.etag !== found.etag) return "changed";
  const wantsDeleted = write.kind === "restore" || write.kind === "purge";
  if (wantsDeleted) return found.deletion === undefined ? "not_deleted" : undefined;
  return found.deletion === undefined || write.kind === "delete" ? undefined : "deleted";
}

function decisionOf(write: Write, found: StoredNamespace | undefined, { nowMs, etag }: Moment): Decision {
  if (write.kind === "put") return { kind: "save", namespace: declared(write, found, { nowMs, etag }) };
  assert(found !== undefined);
  const { deletion: _, ...kept } = found;
  if (write.kind === "purge") return { kind: "forget", namespace: found };
  if (write.kind === "restore") return { kind: "save", namespace: { ...kept, etag, updateTimeMs: nowMs } };
  const { purgeTimeMs, deletesData } = write;
  const deletion = { deleteTimeMs: found.deletion?.deleteTimeMs ?? nowMs, purgeTimeMs, deletesData };
  return { kind: "save", namespace: { ...kept, etag, updateTimeMs: nowMs, deletion } };
}

function declared(
  { name, entry, schema }: Write & { kind: "put" },
  found: StoredNamespace | undefined,
  { nowMs, etag }: Moment,
): StoredNamespace {
  const createTimeMs = found?.createTimeMs ?? nowMs;
  return { name, entry, ...(schema && { schema }), etag, createTimeMs, updateTimeMs: nowMs };
}

const explanations: Readonly<Record<ConflictProblem, string>> = {
  exists: "exists already",
  missing: "does not exist (any more)",
  changed: "was changed by another write since it was read",
  deleted: "is deleted; restore it first, or wait until it is purged",
  not_deleted: "is not deleted",
};

function conflict(conflicts: readonly Conflict[]): ControlStateError {
  const list = conflicts.map(({ name, problem }) => `namespace ${JSON.stringify(name)} ${explanations[problem]}`);
  return new ControlStateError("conflict", `Nothing was written: ${list.join("; ")}. Read again and decide anew.`, {
    conflicts,
  });
}
