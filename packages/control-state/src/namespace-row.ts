import type { NamespaceEntry, StoredNamespace } from "./stored-namespace.js";

/** The columns of a stored namespace, which are the same in every store. */
export const namespaceColumns = [
  "name",
  "entry",
  "schema_message",
  "schema_files",
  "etag",
  "create_time_ms",
  "update_time_ms",
  "delete_time_ms",
  "purge_time_ms",
  "deletes_data",
] as const;

/** PostgreSQL gives its large numbers as text. */
export interface NamespaceRow {
  readonly name: string;
  readonly entry: string;
  readonly schema_message: string | null;
  readonly schema_files: Uint8Array | null;
  readonly etag: string;
  readonly create_time_ms: number | string;
  readonly update_time_ms: number | string;
  readonly delete_time_ms: number | string | null;
  readonly purge_time_ms: number | string | null;
  readonly deletes_data: number | null;
}

/** Reads a row. */
export function toNamespace(row: NamespaceRow): StoredNamespace {
  const { name, entry, schema_message: message, schema_files: files, etag } = row;
  return {
    name,
    entry: JSON.parse(entry) as NamespaceEntry,
    ...(message !== null && files !== null && { schema: { message, files } }),
    etag,
    createTimeMs: Number(row.create_time_ms),
    updateTimeMs: Number(row.update_time_ms),
    ...(row.delete_time_ms !== null && {
      deletion: {
        deleteTimeMs: Number(row.delete_time_ms),
        purgeTimeMs: Number(row.purge_time_ms),
        deletesData: Boolean(row.deletes_data),
      },
    }),
  };
}

/** The values of `namespaceColumns`, in their order. */
export function toValues(namespace: StoredNamespace): readonly (string | number | Uint8Array | null)[] {
  const { name, entry, schema, etag, createTimeMs, updateTimeMs, deletion } = namespace;
  return [
    name,
    JSON.stringify(entry),
    schema?.message ?? null,
    schema?.files ?? null,
    etag,
    createTimeMs,
    updateTimeMs,
    deletion?.deleteTimeMs ?? null,
    deletion?.purgeTimeMs ?? null,
    deletion === undefined ? null : Number(deletion.deletesData),
  ];
}
