import { GrpcCode } from "@prism-data/transport";
import { describe, expect, test } from "vitest";
import { GatewayError } from "./errors.js";
import { ErrorReason } from "./protocol/gen/prism/errors/v1/reason.js";
import { isReason, type Reason, reasons } from "./reasons.js";

const generated = Object.keys(ErrorReason).filter((name) => name !== "UNSPECIFIED");

describe("the closed list of reasons", () => {
  test.each(generated)("%s of the proto is in the list", (name) => {
    expect(isReason(name)).toBe(true);
  });

  test.each(Object.keys(reasons))("%s of the list is in the proto", (name) => {
    expect(generated).toContain(name);
  });

  test.each(Object.entries(reasons))("%s has a code of gRPC that is a failure, and a sentence", (_, described) => {
    expect(GrpcCode[described.code]).toBeGreaterThan(0);
    expect(described.description).toMatch(/^[A-Zi].*\.$/);
  });

  test.each(["UNSPECIFIED", "toString", ""])("%j is not a reason", (text) => {
    expect(isReason(text)).toBe(false);
  });
});

describe("GatewayError", () => {
  test.each(Object.keys(reasons) as Reason[])("%s takes its code and source from the list", (reason) => {
    const error = new GatewayError(reason, "what was tried");
    expect(error).toMatchObject({
      reason,
      code: GrpcCode[reasons[reason].code],
      source: reasons[reason].source,
      metadata: {},
      fieldViolations: [],
      retryAfterMs: undefined,
    });
    expect(error).toBeInstanceOf(Error);
  });

  test("keeps what led to it as its cause", () => {
    const cause = new Error("socket closed");
    expect(new GatewayError("BACKEND_UNAVAILABLE", "redis is down", { cause }).cause).toBe(cause);
  });
});
