import type { ConnectionCloseReason } from "../telemetry/metrics.js";

/** How a request is refused that cannot be read, and what its connection is counted under. */
export interface Http1Refusal {
  readonly status: string;
  readonly reason: ConnectionCloseReason;
}

const malformed: Http1Refusal = { status: "400 Bad Request", reason: "malformed_request" };

const refusalByCode: Readonly<Record<string, Http1Refusal>> = {
  HPE_HEADER_OVERFLOW: { status: "431 Request Header Fields Too Large", reason: "header_too_large" },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: "413 Payload Too Large", reason: "body_too_large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: "408 Request Timeout", reason: "request_timeout" },
};

/** How the error of a connection is answered that node:http reports; `undefined`: the client is gone. */
export function malformedRequest(code: string | undefined): Http1Refusal | undefined {
  const known = refusalByCode[code ?? ""];
  return known ?? (code?.startsWith("HPE_") === true && code !== "HPE_INVALID_EOF_STATE" ? malformed : undefined);
}
