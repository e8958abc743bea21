import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";

/** PROTOCOL-HTTP2.md, "Timeout": at most eight digits and a unit. */
const pattern = /^(\d{1,8})([HMSmun])$/;
const maxDigitsValue = 99_999_999;

const unitMs: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** A timeout in ms as the grpc-timeout header; finer than a millisecond below 100 s, never 0 for a positive one. */
export function encodeTimeout(ms: number): string {
  if (ms <= 0) return "0n";
  if (Number.isInteger(ms) && ms <= maxDigitsValue) return `${ms}m`;
  for (const unit of ["u", "m", "S", "M", "H"]) {
    const value = Math.ceil(ms / unitMs[unit]!);
    if (value <= maxDigitsValue) return `${value}${unit}`;
  }
  return `${maxDigitsValue}H`;
}

/**
 * The grpc-timeout header in ms.
 * @throws GrpcError INVALID_ARGUMENT when it is malformed
 */
export function parseTimeout(text: string): number {
  const parts = pattern.exec(text);
  if (parts === null) {
    const message = `malformed grpc-timeout ${JSON.stringify(text)}`;
    throw new GrpcError({ code: GrpcCode.INVALID_ARGUMENT, message, fault: "malformed" });
  }
  return Number(parts[1]) * unitMs[parts[2]!]!;
}
