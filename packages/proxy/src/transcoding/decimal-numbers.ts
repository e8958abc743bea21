import { type DescField, type DescMessage, type JsonValue, ScalarType } from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation, isWrapperDesc } from "@bufbuild/protobuf/wkt";

const decimal = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;
const notFinite = ["NaN", "Infinity", "-Infinity"];
const textual = [ScalarType.STRING, ScalarType.BYTES, ScalarType.BOOL];

/**
 * The first field whose number is a text that proto3 JSON does not allow, such as `"0x10"`, `" 1"` or `""`: JavaScript reads these
 * as numbers, and so does @bufbuild/protobuf. `json` must be one that it has taken, so that depth and shape are checked already.
 */
export function findNonDecimal(message: DescMessage, json: JsonValue): DescField | undefined {
  const [wrapped] = message.fields;
  if (isWrapperDesc(message)) return wrapped && findInField(wrapped, json);
  if (hasCustomJsonRepresentation(message) || !isObject(json)) return undefined;
  for (const field of message.fields) {
    const value = json[field.jsonName] ?? json[field.name];
    const found = value === undefined ? undefined : findInField(field, value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function findInField(field: DescField, value: JsonValue): DescField | undefined {
  if (field.fieldKind === "map" && isObject(value)) {
    if (!Object.keys(value).every((key) => isDecimal(field.mapKey, key))) return field;
    return findInValues(field, Object.values(value));
  }
  return findInValues(field, Array.isArray(value) ? value : [value]);
}

function findInValues(field: DescField, values: readonly JsonValue[]): DescField | undefined {
  for (const value of values) {
    if (field.scalar !== undefined && !isDecimal(field.scalar, value)) return field;
    const found = field.message === undefined ? undefined : findNonDecimal(field.message, value);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isDecimal(type: ScalarType, value: JsonValue): boolean {
  return textual.includes(type) || typeof value !== "string" || decimal.test(value) || notFinite.includes(value);
}

function isObject(json: JsonValue): json is { [key: string]: JsonValue } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
