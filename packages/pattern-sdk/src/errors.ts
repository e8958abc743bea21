import { GrpcCode } from "@prism-data/transport";
import { type ErrorSource, type Reason, type ReasonDescription, reasons } from "./reasons.js";

/** One wrong field of a request or of a backend's settings. */
export interface FieldViolation {
  /** The path of the field as its schema spells it, such as `entries[3].key`. */
  readonly field: string;
  /** What is wrong with it and what is allowed, as one sentence. No secrets. */
  readonly description: string;
}

/** A limit that a caller has reached. */
export interface QuotaViolation {
  /** Whose limit, such as `namespace:orders`. */
  readonly subject: string;
  /** Which limit, as one sentence. */
  readonly description: string;
}

/** What a `GatewayError` may say besides its reason and message. */
export interface GatewayErrorOptions {
  /** Facts for programs, such as `{ key, current_etag }`. Travels in `ErrorInfo.metadata`. No secrets and no values. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** When a retry makes sense, in ms from now: 0 or more. Default: what the SDK says for the reason's code. */
  readonly retryAfterMs?: number | undefined;
  /** The wrong fields. Travels as `google.rpc.BadRequest`. Default: none. */
  readonly fieldViolations?: readonly FieldViolation[];
  /** The limits that were reached. Travels as `google.rpc.QuotaFailure`. Default: none. */
  readonly quotaViolations?: readonly QuotaViolation[];
  /** What led to this error. Stays in the process: it is logged there and never sent. */
  readonly cause?: unknown;
}

/**
 * The one error that crosses Prism's borders: a reason from the closed list, and a message that says what was tried, on what,
 * and what to do.
 *
 * Throw it from a plugin's methods; the SDK turns it into a gRPC status with `ErrorInfo`, `RetryInfo` and `BadRequest`.
 * Immutable. Source: design, "Errors"; `prism.errors.v1`.
 */
export class GatewayError extends Error {
  override readonly name = "GatewayError";
  /** Why, from the closed list. */
  readonly reason: Reason;
  /** The gRPC status code number of the reason. */
  readonly code: number;
  /** Where the failure comes from. */
  readonly source: ErrorSource;
  /** Facts for programs. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When a retry makes sense, in ms from the moment of the error. `undefined`: the default of the reason's code. */
  readonly retryAfterMs: number | undefined;
  /** The wrong fields, in the order of the schema. */
  readonly fieldViolations: readonly FieldViolation[];
  /** The limits that were reached. */
  readonly quotaViolations: readonly QuotaViolation[];

  constructor(reason: Reason, message: string, options: GatewayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    const described: ReasonDescription = reasons[reason];
    this.reason = reason;
    this.code = GrpcCode[described.code];
    this.source = described.source;
    this.metadata = options.metadata ?? {};
    this.retryAfterMs = options.retryAfterMs;
    this.fieldViolations = options.fieldViolations ?? [];
    this.quotaViolations = options.quotaViolations ?? [];
  }
}
