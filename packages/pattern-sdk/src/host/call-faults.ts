import { type CallFault, GrpcError } from "@prism-data/transport";
import { GatewayError } from "../errors.js";
import type { Reason } from "../reasons.js";

const reasonOfFault: Readonly<Record<CallFault, Reason>> = {
  "deadline-passed": "DEADLINE_EXCEEDED",
  compressed: "COMPRESSION_UNSUPPORTED",
  "message-too-large": "MESSAGE_TOO_LARGE",
  malformed: "MALFORMED_MESSAGE",
  "unknown-method": "METHOD_NOT_FOUND",
  "shutting-down": "DRAINING",
};

/** What the transport refused or ended by itself, with the reason that callers branch on. Any other error stays as it is. */
export function faultAsGatewayError(error: unknown): unknown {
  if (!(error instanceof GrpcError) || error.fault === undefined) return error;
  return new GatewayError(reasonOfFault[error.fault], error.message, { cause: error });
}
