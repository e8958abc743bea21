import { GrpcCode, GrpcError } from "@prism-data/transport";
import { type FieldViolation, GatewayError, type QuotaViolation } from "../errors.js";
import { isReason, type Reason, reasons } from "../reasons.js";
import { encodeMessage } from "./message.js";
import { type Any, BadRequest, ErrorInfo, QuotaFailure, RetryInfo, Status } from "./rpc.js";
import { durationFromMs, msFromDuration } from "./wire-time.js";

/** The domain of every reason of the closed list. */
export const errorDomain = "prism.dev";

/** When to retry if the error does not say: about as long as a crashed plugin takes to be back, and no burden when repeated. */
export const defaultRetryAfterMs = 200;

const typePrefix = "type.googleapis.com/google.rpc.";

/** What an error becomes on the wire. */
export interface WireStatus {
  /** The gRPC status code number. */
  readonly code: number;
  readonly message: string;
  /** A serialized `google.rpc.Status`, for `grpc-status-details-bin`. */
  readonly details: Uint8Array;
}

/**
 * What an error is to the caller. Anything that is neither a `GatewayError` nor a `GrpcError` is a defect: it becomes
 * `INTERNAL`, and its own message, which may hold secrets, is left out; log it where it is caught.
 */
export function statusOf(error: unknown): WireStatus {
  if (error instanceof GrpcError && error.details !== undefined) {
    return { code: error.code, message: error.message, details: error.details };
  }
  const status = statusMessageOf(error);
  return { code: status.code, message: status.message, details: encodeMessage(Status, status) };
}

/** The same as a `google.rpc.Status` message, for the entries of a batch. */
export function statusMessageOf(error: unknown): Status {
  if (error instanceof GrpcError && error.details !== undefined) return Status.decode(error.details);
  const { code, message, ...rest } = publicError(error);
  return { code, message, details: detailsOf(rest) };
}

/** The error as what a gRPC server answers. */
export function grpcErrorOf(error: unknown): GrpcError {
  if (error instanceof GrpcError && error.details !== undefined) return error;
  return new GrpcError({ ...statusOf(error), cause: error });
}

/**
 * Reads an error that came over the wire. One without a reason of the closed list gets the reason that says most about its
 * code, and keeps the original as its cause.
 */
export function gatewayErrorOf(error: GrpcError): GatewayError {
  return readDetails(error) ?? new GatewayError(reasonOfCode(error.code), error.message, { cause: error });
}

function publicError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof GrpcError) return gatewayErrorOf(error);
  return new GatewayError("INTERNAL", "The call met a defect in the plugin; the plugin's log has the cause.");
}

type DetailSource = Pick<GatewayError, "reason" | "metadata" | "retryAfterMs" | "fieldViolations" | "quotaViolations">;

function detailsOf({ reason, metadata, retryAfterMs, fieldViolations, quotaViolations }: DetailSource): Any[] {
  const details = [
    anyOf("ErrorInfo", encodeMessage(ErrorInfo, { reason, domain: errorDomain, metadata: { ...metadata } })),
  ];
  const retryDelayMs = retryAfterMs ?? defaultRetryDelayMs(reason);
  if (retryDelayMs !== undefined) {
    details.push(anyOf("RetryInfo", encodeMessage(RetryInfo, { retryDelay: durationFromMs(retryDelayMs) })));
  }
  if (fieldViolations.length > 0) details.push(anyOf("BadRequest", encodeBadRequest(fieldViolations)));
  if (quotaViolations.length > 0) details.push(anyOf("QuotaFailure", encodeQuotaFailure(quotaViolations)));
  return details;
}

/** `undefined`: the reason's code promises no retry, or repeating the call cannot help. */
function defaultRetryDelayMs(reason: Reason): number | undefined {
  const { code, retryable } = reasons[reason];
  return retryable && (code === "UNAVAILABLE" || code === "RESOURCE_EXHAUSTED") ? defaultRetryAfterMs : undefined;
}

function encodeBadRequest(violations: readonly FieldViolation[]): Uint8Array {
  const fieldViolations = violations.map(({ field, description }) => ({
    field,
    description,
    reason: "",
    localizedMessage: undefined,
  }));
  return encodeMessage(BadRequest, { fieldViolations });
}

function encodeQuotaFailure(quotaViolations: readonly QuotaViolation[]): Uint8Array {
  const unsaid = { apiService: "", quotaMetric: "", quotaId: "", quotaDimensions: {}, quotaValue: 0n };
  const violations = quotaViolations.map((violation) => ({ ...violation, ...unsaid }));
  return encodeMessage(QuotaFailure, { violations });
}

function anyOf(typeName: string, value: Uint8Array): Any {
  return { typeUrl: `${typePrefix}${typeName}`, value };
}

function readDetails(error: GrpcError): GatewayError | undefined {
  if (error.details === undefined) return undefined;
  try {
    const { message, details } = Status.decode(error.details);
    const info = detailOf(details, "ErrorInfo");
    if (info === undefined) return undefined;
    const { reason, domain, metadata } = ErrorInfo.decode(info);
    if (domain !== errorDomain || !isReason(reason)) return undefined;
    return new GatewayError(reason, message || error.message, {
      metadata,
      retryAfterMs: readRetryAfterMs(details),
      fieldViolations: readViolations(details),
      quotaViolations: readQuotaViolations(details),
      cause: error,
    });
  } catch {
    // Details that cannot be read are treated like missing ones: the code still tells.
    return undefined;
  }
}

function readRetryAfterMs(details: readonly Any[]): number | undefined {
  const bytes = detailOf(details, "RetryInfo");
  const retryDelay = bytes === undefined ? undefined : RetryInfo.decode(bytes).retryDelay;
  return retryDelay === undefined ? undefined : msFromDuration(retryDelay);
}

function readViolations(details: readonly Any[]): FieldViolation[] {
  const bytes = detailOf(details, "BadRequest");
  if (bytes === undefined) return [];
  return BadRequest.decode(bytes).fieldViolations.map(({ field, description }) => ({ field, description }));
}

function readQuotaViolations(details: readonly Any[]): QuotaViolation[] {
  const bytes = detailOf(details, "QuotaFailure");
  if (bytes === undefined) return [];
  return QuotaFailure.decode(bytes).violations.map(({ subject, description }) => ({ subject, description }));
}

function detailOf(details: readonly Any[], typeName: string): Uint8Array | undefined {
  return details.find(({ typeUrl }) => typeUrl === `${typePrefix}${typeName}`)?.value;
}

const reasonsByCode: Readonly<Record<number, Reason>> = {
  [GrpcCode.CANCELLED]: "CANCELLED",
  [GrpcCode.INVALID_ARGUMENT]: "INVALID_FIELD",
  [GrpcCode.DEADLINE_EXCEEDED]: "DEADLINE_EXCEEDED",
  [GrpcCode.PERMISSION_DENIED]: "BACKEND_DENIED",
  // The one that gRPC implementations give out by themselves: for a message over their limit.
  [GrpcCode.RESOURCE_EXHAUSTED]: "MESSAGE_TOO_LARGE",
  [GrpcCode.UNIMPLEMENTED]: "METHOD_NOT_FOUND",
  [GrpcCode.INTERNAL]: "INTERNAL",
  // The transport's word for a connection that was lost or could not be made: to a plugin, where Prism is the client.
  [GrpcCode.UNAVAILABLE]: "PLUGIN_UNAVAILABLE",
  [GrpcCode.UNAUTHENTICATED]: "UNAUTHENTICATED",
};

function reasonOfCode(code: number): Reason {
  return reasonsByCode[code] ?? "BACKEND_FAILED";
}
