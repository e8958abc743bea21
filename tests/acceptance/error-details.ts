import { type ServiceError, status } from "@grpc/grpc-js";
import { decode } from "./protos.ts";

/** A failed call as the app sees it. */
export interface Failure {
  /** Such as `UNAVAILABLE`. */
  readonly code: string;
  readonly message: string;
  /** From the one ErrorInfo; empty when there is none. */
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** From RetryInfo. */
  readonly retryDelayMs: number | undefined;
  /** The fields that BadRequest names. */
  readonly fields: readonly string[];
  /** The subjects that QuotaFailure names. */
  readonly quotas: readonly string[];
}

interface WireStatus {
  readonly details: readonly { readonly type_url: string; readonly value: Buffer }[];
}

/** What a rejected call says. Throws if the error is not of gRPC, or has not exactly the details that Prism promises. */
export function failureOf(error: unknown): Failure {
  const { code, details, metadata } = error as ServiceError;
  if (typeof code !== "number") throw error;
  const [bytes] = metadata.get("grpc-status-details-bin");
  const parts = bytes instanceof Buffer ? decode<WireStatus>("google.rpc.Status", bytes).details : [];
  const info = one<{ reason: string; domain: string; metadata: Record<string, string> }>(parts, "ErrorInfo");
  const retry = one<{ retryDelay: { seconds: number; nanos: number } }>(parts, "RetryInfo");
  const bad = one<{ fieldViolations: { field: string }[] }>(parts, "BadRequest");
  const quota = one<{ violations: { subject: string }[] }>(parts, "QuotaFailure");
  return {
    code: status[code] ?? String(code),
    message: details,
    reason: info?.reason ?? "",
    domain: info?.domain ?? "",
    metadata: info?.metadata ?? {},
    retryDelayMs: retry && retry.retryDelay.seconds * 1_000 + retry.retryDelay.nanos / 1e6,
    fields: bad?.fieldViolations.map(({ field }) => field) ?? [],
    quotas: quota?.violations.map(({ subject }) => subject) ?? [],
  };
}

function one<T>(parts: WireStatus["details"], name: string): T | undefined {
  const found = parts.filter((part) => part.type_url === `type.googleapis.com/google.rpc.${name}`);
  if (found.length > 1) throw new Error(`${found.length} details of the type ${name}`);
  return found[0] && decode<T>(`google.rpc.${name}`, found[0].value);
}

/** Waits for a call that must fail. Throws if it succeeds. */
export async function failureFrom(call: Promise<unknown>): Promise<Failure> {
  let answer: unknown;
  try {
    answer = await call;
  } catch (error) {
    return failureOf(error);
  }
  throw new Error(`the call succeeded: ${JSON.stringify(answer)}`);
}
