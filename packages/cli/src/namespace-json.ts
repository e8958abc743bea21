import { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { rfc3339 } from "./proto-json.js";

/** A namespace in the names of proto3 JSON. */
export function namespaceJson(namespace: adminv1.Namespace): Record<string, unknown> {
  const { source, etag, createTime, updateTime, deleteTime, purgeTime, deleteData, ...rest } = namespace;
  return {
    ...rest,
    source: sourceName(source),
    ...(etag !== "" && { etag }),
    ...(createTime !== undefined && { createTime: rfc3339(createTime) }),
    ...(updateTime !== undefined && { updateTime: rfc3339(updateTime) }),
    ...(deleteTime !== undefined && { deleteTime: rfc3339(deleteTime), deleteData }),
    ...(purgeTime !== undefined && { purgeTime: rfc3339(purgeTime) }),
  };
}

/** file or api. */
export function sourceName(source: number): string {
  return source === adminv1.NamespaceSource.API ? "api" : "file";
}
