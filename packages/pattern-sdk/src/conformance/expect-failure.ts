import assert from "node:assert/strict";
import { GrpcCode, GrpcError } from "@prism-data/transport";
import { GatewayError } from "../errors.js";
import { type Reason, reasons } from "../reasons.js";

/** Waits for a call to fail, and asserts that it does with this reason and with the gRPC code that belongs to it. */
export async function expectFailure(call: PromiseLike<unknown>, reason: Reason): Promise<GatewayError> {
  const error = await failureOf(call);
  assertFailure(error, reason);
  return error;
}

/** Asserts that something is a failure with this reason and with the gRPC code that belongs to it. */
export function assertFailure(error: unknown, reason: Reason): asserts error is GatewayError {
  assert.ok(error instanceof GatewayError, `expected ${reason}, but the answer was ${describe(error)}`);
  assert.equal(error.reason, reason, error.message);
  assert.ok(error.cause instanceof GrpcError, `${reason} came without a gRPC status`);
  assert.equal(error.cause.code, GrpcCode[reasons[reason].code], `the gRPC code of ${reason}`);
  assert.notEqual(error.message, "", `the message of ${reason}`);
}

/** Asserts that a failure names this field of the request, and no other. `what` was sent, for people. */
export function assertNamesField({ fieldViolations }: GatewayError, field: string, what: string): void {
  const named = fieldViolations.map((violation) => violation.field);
  assert.deepEqual(named, [field], `${what}: the field that is named`);
  assert.notEqual(fieldViolations[0]?.description, "", `${what}: the description`);
}

/** Waits for a call to fail with a `GatewayError`, and returns it. An answer, or another error, is an assertion failure. */
export async function failureOf(call: PromiseLike<unknown>): Promise<GatewayError> {
  const outcome = await outcomeOf(call);
  assert.ok(outcome instanceof GatewayError, `expected a failure, but the answer was ${describe(outcome)}`);
  return outcome;
}

/** Waits for a call to end, and returns its answer or the `GatewayError` that it failed with. Other errors are thrown. */
export async function outcomeOf<T>(call: PromiseLike<T>): Promise<T | GatewayError> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

function describe(answer: unknown): string {
  const text = JSON.stringify(answer, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
  return text === undefined ? "nothing" : text.slice(0, 200);
}
