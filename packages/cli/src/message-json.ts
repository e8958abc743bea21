import type { messagev1 } from "@prism-data/pattern-sdk/protocol";
import { base64 } from "./proto-json.js";

/** A message in the names and forms of proto3 JSON; what is empty is left out. */
export function messageJson({ id, key, headers, contentType, payload }: messagev1.Message): Record<string, unknown> {
  return {
    id,
    ...(key !== "" && { key }),
    ...(headers.length > 0 && { headers: headers.map(({ name, value }) => ({ name, value: base64(value) })) }),
    ...(contentType !== "" && { contentType }),
    payload: base64(payload),
  };
}
