import { rpc, type WireStatus } from "@prism-data/pattern-sdk/protocol";

/** Connect's name and HTTP status of each gRPC code, by number (connectrpc.com/docs/protocol, "Error codes"). */
const codes: readonly { readonly name: string; readonly httpStatus: number }[] = [
  { name: "ok", httpStatus: 200 },
  { name: "canceled", httpStatus: 499 },
  { name: "unknown", httpStatus: 500 },
  { name: "invalid_argument", httpStatus: 400 },
  { name: "deadline_exceeded", httpStatus: 504 },
  { name: "not_found", httpStatus: 404 },
  { name: "already_exists", httpStatus: 409 },
  { name: "permission_denied", httpStatus: 403 },
  { name: "resource_exhausted", httpStatus: 429 },
  { name: "failed_precondition", httpStatus: 400 },
  { name: "aborted", httpStatus: 409 },
  { name: "out_of_range", httpStatus: 400 },
  { name: "unimplemented", httpStatus: 501 },
  { name: "internal", httpStatus: 500 },
  { name: "unavailable", httpStatus: 503 },
  { name: "data_loss", httpStatus: 500 },
  { name: "unauthenticated", httpStatus: 401 },
];

const unknown = codes[2]!;
const typePrefix = "type.googleapis.com/";

/** The HTTP status that goes with a gRPC code. */
export function httpStatusOf(code: number): number {
  return (codes[code] ?? unknown).httpStatus;
}

/** The body of a failed unary call: the code's name, the message, and the details with a readable form of those that are known. */
export function connectErrorBody(status: { code: number; message: string; details: Uint8Array | undefined }): string {
  const details = detailsOf(status.details);
  const body = { code: (codes[status.code] ?? unknown).name, message: status.message };
  return JSON.stringify(details.length === 0 ? body : { ...body, details });
}

/** The same, for an error of the gateway itself. */
export function connectErrorOf(status: WireStatus): { httpStatus: number; body: string } {
  return { httpStatus: httpStatusOf(status.code), body: connectErrorBody(status) };
}

function detailsOf(bytes: Uint8Array | undefined): { type: string; value: string; debug?: unknown }[] {
  if (bytes === undefined || bytes.length === 0) return [];
  try {
    return rpc.Status.decode(bytes).details.map(({ typeUrl, value }) => {
      const type = typeUrl.startsWith(typePrefix) ? typeUrl.slice(typePrefix.length) : typeUrl;
      const text = Buffer.from(value).toString("base64").replace(/=+$/, "");
      const debug = readable(type, value);
      return debug === undefined ? { type, value: text } : { type, value: text, debug };
    });
  } catch {
    // Details of a foreign plugin that are no google.rpc.Status: code and message still tell.
    return [];
  }
}

/** proto3 JSON of the details that Prism itself sends. */
function readable(type: string, value: Uint8Array): unknown {
  switch (type) {
    case "google.rpc.ErrorInfo":
      return rpc.ErrorInfo.decode(value);
    case "google.rpc.RetryInfo": {
      const { retryDelay } = rpc.RetryInfo.decode(value);
      return { retryDelay: `${Number(retryDelay?.seconds ?? 0) + (retryDelay?.nanos ?? 0) / 1e9}s` };
    }
    case "google.rpc.BadRequest":
      return {
        fieldViolations: rpc.BadRequest.decode(value).fieldViolations.map(({ field, description }) => ({
          field,
          description,
        })),
      };
    default:
      return undefined;
  }
}
