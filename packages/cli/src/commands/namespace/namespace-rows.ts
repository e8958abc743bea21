import type { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { sourceName } from "../../namespace-json.js";
import { rfc3339 } from "../../proto-json.js";

/** One namespace for people, a row for each fact. */
export function namespaceRows(namespace: adminv1.Namespace): readonly (readonly string[])[] {
  const { name, pattern, backend, state, detail, source, capabilities, declaration, updateTime, purgeTime } = namespace;
  return [
    ["namespace", name],
    ["pattern", pattern],
    ["backend", backend],
    ["state", detail === "" ? state : `${state}: ${detail}`],
    ["source", sourceName(source)],
    ...(capabilities.length > 0 ? [["offers", capabilities.join(", ")]] : []),
    ...Object.entries(declaration ?? {})
      .filter(([key]) => key !== "pattern" && key !== "backend")
      .map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ...(updateTime === undefined ? [] : [["changed", rfc3339(updateTime)]]),
    ...(purgeTime === undefined ? [] : [["kept until", rfc3339(purgeTime)]]),
    ...(namespace.deleteData ? [["data", "is removed then"]] : []),
  ];
}
