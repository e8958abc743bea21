import { GrpcCode, GrpcError } from "@prism-data/transport";
import { describe, expect, test } from "vitest";
import { GatewayError } from "../errors.js";
import { type Reason, reasons } from "../reasons.js";
import { ErrorInfo, Status } from "./rpc.js";
import { defaultRetryAfterMs, errorDomain, gatewayErrorOf, grpcErrorOf, statusMessageOf, statusOf } from "./status.js";

const everyReason = Object.keys(reasons) as Reason[];

describe("a GatewayError on the wire", () => {
  test.each(everyReason)("of reason %s comes back as it was", (reason) => {
    const sent = new GatewayError(reason, `tried something: ${reason}, ünïcode`, {
      metadata: { key: "k", current_etag: "7" },
      retryAfterMs: 1234,
      fieldViolations: [
        { field: "entries[3].key", description: "must not be empty" },
        { field: "ttl", description: "must be more than 0" },
      ],
    });
    const received = gatewayErrorOf(new GrpcError(statusOf(sent)));
    const { reason: r, message, code, source, metadata, retryAfterMs, fieldViolations } = received;
    expect({ reason: r, message, code, source, metadata, retryAfterMs, fieldViolations }).toEqual({
      reason,
      message: sent.message,
      code: sent.code,
      source: sent.source,
      metadata: sent.metadata,
      retryAfterMs: 1234,
      fieldViolations: sent.fieldViolations,
    });
  });

  test.each(everyReason)("of reason %s has exactly one ErrorInfo, of Prism's domain", (reason) => {
    const status = Status.decode(statusOf(new GatewayError(reason, "tried")).details);
    const infos = status.details.filter(({ typeUrl }) => typeUrl === "type.googleapis.com/google.rpc.ErrorInfo");
    expect(infos.map(({ value }) => ErrorInfo.decode(value))).toEqual([{ reason, domain: errorDomain, metadata: {} }]);
    expect(status.code).toBe(GrpcCode[reasons[reason].code]);
  });

  test.each(everyReason)(
    "of reason %s says when to retry exactly if its code promises it and repeating helps",
    (reason) => {
      const promised =
        reasons[reason].retryable && ["UNAVAILABLE", "RESOURCE_EXHAUSTED"].includes(reasons[reason].code);
      const received = gatewayErrorOf(grpcErrorOf(new GatewayError(reason, "tried")));
      expect(received.retryAfterMs).toBe(promised ? defaultRetryAfterMs : undefined);
    },
  );
});

describe("another error on the wire", () => {
  test.each([new Error("password=hunter2"), "password=hunter2", undefined, { message: "hunter2" }])(
    "%j is INTERNAL and keeps its text to itself",
    (error) => {
      const status = statusMessageOf(error);
      expect(status.code).toBe(GrpcCode.INTERNAL);
      expect(JSON.stringify(status)).not.toContain("hunter2");
      expect(gatewayErrorOf(grpcErrorOf(error)).reason).toBe("INTERNAL");
    },
  );

  test("a GrpcError with details passes through untouched", () => {
    const error = new GrpcError({ code: GrpcCode.NOT_FOUND, message: "gone", details: new Uint8Array([8, 5]) });
    expect(grpcErrorOf(error)).toBe(error);
    expect(statusOf(error)).toEqual({ code: error.code, message: "gone", details: error.details });
  });
});

describe("an error without a known reason", () => {
  const foreign = Status.encode({
    code: GrpcCode.UNAVAILABLE,
    message: "m",
    details: [
      {
        typeUrl: "type.googleapis.com/google.rpc.ErrorInfo",
        value: ErrorInfo.encode({ reason: "QUOTA", domain: "example.com", metadata: {} }).finish(),
      },
    ],
  }).finish();

  test.each([
    ["UNAVAILABLE", undefined, "PLUGIN_UNAVAILABLE"],
    ["UNAVAILABLE", foreign, "PLUGIN_UNAVAILABLE"],
    ["UNAVAILABLE", new Uint8Array([0xff, 0xff]), "PLUGIN_UNAVAILABLE"],
    ["DEADLINE_EXCEEDED", undefined, "DEADLINE_EXCEEDED"],
    ["CANCELLED", undefined, "CANCELLED"],
    ["INTERNAL", undefined, "INTERNAL"],
    ["RESOURCE_EXHAUSTED", undefined, "MESSAGE_TOO_LARGE"],
    ["DATA_LOSS", undefined, "BACKEND_FAILED"],
  ] as const)("of code %s with details %s becomes reason %s", (code, details, reason) => {
    const error = new GrpcError({ code: GrpcCode[code], message: "m", ...(details && { details }) });
    const received = gatewayErrorOf(error);
    expect(received.reason).toBe(reason);
    expect(received.cause).toBe(error);
  });
});
