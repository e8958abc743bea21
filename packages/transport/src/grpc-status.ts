import { GrpcCode, grpcCodeOfHttpStatus } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import { appendMetadata, type Metadata, metadataOf } from "./grpc-metadata.js";
import { decodeStatusMessage, encodeStatusMessage } from "./grpc-status-message.js";
import { type HeaderList, headerValue } from "./header-list.js";

const detailsName = "grpc-status-details-bin";
const okTrailers: HeaderList = Object.freeze(["grpc-status", "0"]);

/** PROTOCOL-HTTP2.md, "Trailers": the end of an answer. */
export function statusTrailers(
  code: number,
  message: string = "",
  details?: Uint8Array | undefined,
  metadata: Metadata = [],
): HeaderList {
  if (code === GrpcCode.OK && message === "" && details === undefined && metadata.length === 0) return okTrailers;
  const trailers = ["grpc-status", String(code)];
  if (message !== "") trailers.push("grpc-message", encodeStatusMessage(message));
  if (details !== undefined && details.length > 0) {
    trailers.push(detailsName, Buffer.from(details).toString("base64").replace(/=+$/, ""));
  }
  appendMetadata(trailers, metadata);
  return trailers;
}

export function errorTrailers(error: GrpcError): HeaderList {
  return statusTrailers(error.code, error.message, error.details, error.metadata);
}

/** PROTOCOL-HTTP2.md, "Trailers-Only": the status of a call that has no answer, as its response headers. */
export function trailersOnly(trailers: HeaderList): HeaderList {
  return [":status", "200", "content-type", "application/grpc", ...trailers];
}

/**
 * The status that ended a call, undefined for OK. `headers` are those that carry grpc-status: the trailers, or the
 * response headers when there are no others.
 */
export function statusOfTrailers(headers: HeaderList): GrpcError | undefined {
  const text = headerValue(headers, "grpc-status");
  if (text === "0") return undefined;
  const message = decodeStatusMessage(headerValue(headers, "grpc-message") ?? "");
  if (text === undefined) {
    return new GrpcError({ code: GrpcCode.UNKNOWN, message: "the answer ended without a grpc-status" });
  }
  const details = headerValue(headers, detailsName);
  return new GrpcError({
    code: /^\d{1,2}$/.test(text) && Number(text) <= GrpcCode.UNAUTHENTICATED ? Number(text) : GrpcCode.UNKNOWN,
    message,
    details: details === undefined ? undefined : Buffer.from(details, "base64"),
    metadata: metadataOf(headers),
  });
}

/** Why response headers are not those of a gRPC answer, undefined when they are. */
export function responseError(headers: HeaderList): GrpcError | undefined {
  const status = headerValue(headers, ":status") ?? "";
  const type = headerValue(headers, "content-type") ?? "";
  if (status === "200" && isGrpcContentType(type)) {
    const encoding = headerValue(headers, "grpc-encoding") ?? "identity";
    if (encoding === "identity") return undefined;
    return new GrpcError({
      code: GrpcCode.INTERNAL,
      message: `the answer is compressed with ${encoding}, which was not offered`,
    });
  }
  if (headerValue(headers, "grpc-status") !== undefined) return statusOfTrailers(headers);
  return new GrpcError({
    code: grpcCodeOfHttpStatus(status),
    message: `not a gRPC answer: HTTP status ${status}, content-type ${JSON.stringify(type)}`,
  });
}

/** application/grpc, with any message format or parameter; not grpc-web. */
export function isGrpcContentType(type: string): boolean {
  return /^application\/grpc(?:[+;]|$)/.test(type);
}
