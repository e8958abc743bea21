import { isUtf8 } from "node:buffer";
import { create, fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { findNonDecimal } from "./decimal-numbers.js";
import { findJsonSyntaxError } from "./json-syntax.js";
import type { DescribedMethod } from "./method-registry.js";

/**
 * The request message that a JSON body stands for. An empty body is an empty message, as `curl -d ''` sends it. Throws
 * GatewayError: MALFORMED_MESSAGE, UNKNOWN_FIELD or INVALID_FIELD. Values are never part of a message to the caller.
 */
export function requestFromJson({ method, types }: DescribedMethod, body: Buffer): Uint8Array {
  const { input } = method;
  // Decoding would put the same character in place of different bytes, and make one key of two.
  if (!isUtf8(body)) throw new GatewayError("MALFORMED_MESSAGE", `The body for ${input.typeName} is not UTF-8.`);
  const text = body.toString("utf8");
  if (text.trim() === "") return toBinary(input, create(input));
  const json = parse(text, input.typeName);
  const bytes = encode({ method, types }, json);
  const field = findNonDecimal(input, json);
  if (field !== undefined) throw invalidField(`${field.parent.typeName}.${field.name}`, "expected a decimal number");
  return bytes;
}

function encode({ method: { input }, types }: DescribedMethod, json: JsonValue): Uint8Array {
  try {
    return toBinary(input, fromJson(input, json, { registry: types, ignoreUnknownFields: false }));
  } catch (cause) {
    throw explain(input.typeName, cause);
  }
}

/** The JSON text of a response message. Fields without presence always show, so that `found: false` is there to be read. */
export function responseToJson({ method, types }: DescribedMethod, bytes: Uint8Array): string {
  const message = fromBinary(method.output, bytes);
  return JSON.stringify(toJson(method.output, message, { registry: types, alwaysEmitImplicit: true }));
}

function parse(text: string, typeName: string): JsonValue {
  try {
    return JSON.parse(text, exactly) as JsonValue;
  } catch (cause) {
    const error = findJsonSyntaxError(text);
    const where = error && `at line ${error.line}, column ${error.column}: ${error.expected} was expected`;
    throw new GatewayError("MALFORMED_MESSAGE", `The body for ${typeName} is not JSON ${where}.`, { cause });
  }
}

/** Keeps the digits of an integer that a double would round: proto3 JSON takes 64-bit integers as numbers, too. */
function exactly(_name: string, value: JsonValue, { source }: { source: string } = { source: "" }): JsonValue {
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? source : value;
}

/** Turns what @bufbuild/protobuf says into a reason; its texts quote values, which must not travel. */
function explain(typeName: string, cause: unknown): GatewayError {
  const text = cause instanceof Error ? cause.message : "";
  const unknown = /^cannot decode message (\S+) from JSON: key "(.*)" is unknown$/s.exec(text);
  if (unknown !== null) return unknownField(unknown[1]!, unknown[2]!, cause);
  const field = /^cannot decode field (\S+) from JSON: (.*)$/s.exec(text);
  if (field !== null) return invalidField(field[1]!, field[2]!, cause);
  const nested = /^cannot decode message (\S+) from JSON/.exec(text);
  const which = nested === null ? typeName : nested[1]!;
  return new GatewayError(
    "MALFORMED_MESSAGE",
    `The body for ${typeName} has something that is no JSON form of ${which}.`,
    {
      cause,
    },
  );
}

function unknownField(typeName: string, key: string, cause: unknown): GatewayError {
  const field = key.length > 100 ? `${key.slice(0, 100)}…` : key;
  const description = `${typeName} has no field of this name`;
  return new GatewayError("UNKNOWN_FIELD", `${typeName} has no field "${field}"; check its spelling.`, {
    fieldViolations: [{ field, description }],
    cause,
  });
}

function invalidField(qualifiedName: string, reason: string, cause?: unknown): GatewayError {
  const field = qualifiedName.slice(qualifiedName.lastIndexOf(".") + 1);
  const description = reason.replace(/(, got|:? cannot decode|: invalid) .*$/s, "");
  return new GatewayError("INVALID_FIELD", `${qualifiedName}: ${description}.`, {
    fieldViolations: [{ field, description }],
    cause,
  });
}
