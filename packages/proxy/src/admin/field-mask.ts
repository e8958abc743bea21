import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import type { JsonMap, JsonValue } from "../config/settings.js";

/**
 * A declaration with the parts that a field mask names taken from another one. A path whose part is not there takes the part away.
 * `declaration` and `*` name all of it; no path names every key that is there. Throws INVALID_FIELD for paths that lead elsewhere.
 */
export function changedByMask(before: JsonMap, given: JsonMap, mask: readonly string[]): JsonMap {
  const paths = mask.length === 0 ? Object.keys(given).map((key) => `declaration.${key}`) : mask;
  if (paths.some((path) => path === "*" || path === "declaration")) return given;
  return paths.map(keysOf).reduce((changed, keys) => withPart(changed, keys, partAt(given, keys)), before);
}

function keysOf(path: string): readonly string[] {
  const [root, ...keys] = path.split(".");
  if (root === "declaration" && keys.every((key) => key !== "" && key !== "__proto__")) return keys;
  const description = `${JSON.stringify(path)} cannot be changed; name what is below declaration, such as declaration.timeout`;
  const fieldViolations = [{ field: "update_mask", description }];
  throw new GatewayError("INVALID_FIELD", `update_mask: ${description}.`, { fieldViolations });
}

function partAt(tree: JsonMap, keys: readonly string[]): JsonValue | undefined {
  return keys.reduce((value: JsonValue | undefined, key) => (isMap(value) ? ownValue(value, key) : undefined), tree);
}

function withPart(tree: JsonMap, [key, ...rest]: readonly string[], part: JsonValue | undefined): JsonMap {
  const { [key!]: old, ...others } = tree;
  const next = rest.length === 0 ? part : withPart(isMap(old) ? old : {}, rest, part);
  return next === undefined ? others : { ...others, [key!]: next };
}

function ownValue(map: JsonMap, key: string): JsonValue | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function isMap(value: JsonValue | undefined): value is JsonMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
