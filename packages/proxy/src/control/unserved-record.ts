import type { StoredNamespace } from "@prism-data/control-state";
import type { NamespaceRecord } from "./declared-namespaces.js";

/** What operators see of a namespace that is deleted and can be restored. */
export function deletedRecord(stored: StoredNamespace): NamespaceRecord {
  const detail = `can be restored until ${new Date(stored.deletion!.purgeTimeMs).toISOString()}`;
  return { ...recordOf(stored), state: "deleted", detail };
}

/** The same of one whose declaration this proxy cannot read. */
export function refusedRecord(stored: StoredNamespace, reason: string): NamespaceRecord {
  return { ...recordOf(stored), state: "failed", detail: reason };
}

function recordOf(stored: StoredNamespace) {
  const { name, entry } = stored;
  const { pattern, backend } = entry;
  const where = { pattern: String(pattern ?? ""), backend: String(backend ?? "") };
  return { name, ...where, declaration: entry, stored, capabilities: [] };
}
