import { GrpcError } from "@prism-data/transport";
import { GatewayError } from "../errors.js";
import type { Logger } from "../plugin.js";
import { grpcErrorOf } from "../protocol/status.js";

/** Where an error was caught. */
export interface ErrorPlace {
  /** The method's path, for the log. */
  readonly path: string;
  /** The call's signal; read only when an error is unexpected, because reading makes it. */
  readonly signal?: AbortSignal;
}

/**
 * Turns what a method threw into the call's status, and logs what only the log may know: defects, and failures of the data
 * system with their cause. Whatever is thrown by a call that is over already is its end and no defect.
 */
export function translatedError(error: unknown, place: ErrorPlace, log: Logger): GrpcError {
  if (error instanceof GrpcError) return grpcErrorOf(error);
  if (error instanceof GatewayError) {
    if (isForTheLog(error)) log.error({ err: error, path: place.path, reason: error.reason }, "call failed");
    return grpcErrorOf(error);
  }
  if (place.signal?.aborted) return grpcErrorOf(place.signal.reason);
  log.error({ err: error, path: place.path }, "call met a defect in the plugin");
  return grpcErrorOf(error);
}

function isForTheLog({ reason }: GatewayError): boolean {
  return reason === "INTERNAL" || reason === "BACKEND_FAILED";
}
