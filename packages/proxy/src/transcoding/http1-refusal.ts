import type { ConnectionCloseReason } from "../telemetry/metrics.js";

/** How a request is refused that cannot be read, and what its connection is counted under, if it is. */
export interface Http1Refusal {
  readonly status: string;
  readonly reason: ConnectionCloseReason | undefined;
}

/** Of a request that is malformed, or that could be read in two ways. */
export const malformedRequest: Http1Refusal = { status: "400 Bad Request", reason: "malformed_request" };

const refusalByCode: Readonly<Record<string, Http1Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: "431 Request Header Fields Too Large", reason: "header_too_large" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: "413 Payload Too Large", reason: "body_too_large" },
  // The client has ended its side in the middle of a request: perhaps it is gone, perhaps it still reads.
  HPE_INVALID_EOF_STATE: { status: malformedRequest.status, reason: undefined },
  ERR_HTTP_REQUEST_TIMEOUT: { status: "408 Request Timeout", reason: "request_timeout" },
};

/** How an error is answered that node:http reports of a connection; `undefined`: the client is gone. */
export function refusalOf(code = ""): Http1Refusal | undefined {
  return refusalByCode[code] ?? (code.startsWith("HPE_") ? malformedRequest : undefined);
}
