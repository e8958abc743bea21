import type { ConnectionCloseReason } from "../telemetry/metrics.js";

/** How a request is refused that cannot be read, and what its connection is counted under. */
export interface Http1Refusal {
  readonly status: string;
  readonly reason: ConnectionCloseReason;
}

/** Of a request that is malformed, or that could be read in two ways. */
export const malformedRequest: Http1Refusal = { status: "400 Bad Request", reason: "malformed_request" };

const refusalByCode: Readonly<Record<string, Http1Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: "431 Request Header Fields Too Large", reason: "header_too_large" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: "413 Payload Too Large", reason: "body_too_large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: "408 Request Timeout", reason: "request_timeout" },
};

/** What llhttp says when a client goes away in the middle of a request. */
const cutShort = "HPE_INVALID_EOF_STATE";

/** How an error is answered that node:http reports of a connection; `undefined`: the client is gone. */
export function refusalOf(code = ""): Http1Refusal | undefined {
  const isMalformed = code.startsWith("HPE_") && code !== cutShort;
  return refusalByCode[code] ?? (isMalformed ? malformedRequest : undefined);
}
