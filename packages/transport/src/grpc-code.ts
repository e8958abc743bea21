import { Http2ErrorCode } from "./error-code.js";

/** gRPC status codes (grpc/doc/statuscodes.md). */
export const GrpcCode = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type GrpcCodeName = keyof typeof GrpcCode;

const names = new Map<number, string>(Object.entries(GrpcCode).map(([name, code]) => [code, name]));

export function grpcCodeName(code: number): string {
  return names.get(code) ?? `code ${code}`;
}

/** grpc/doc/http-grpc-status-mapping.md: the status of an answer that carries none. */
export function grpcCodeOfHttpStatus(status: string): number {
  switch (status) {
    case "400":
      return GrpcCode.INTERNAL;
    case "401":
      return GrpcCode.UNAUTHENTICATED;
    case "403":
      return GrpcCode.PERMISSION_DENIED;
    case "404":
      return GrpcCode.UNIMPLEMENTED;
    case "429":
    case "502":
    case "503":
    case "504":
      return GrpcCode.UNAVAILABLE;
    default:
      return GrpcCode.UNKNOWN;
  }
}

/** grpc/doc/PROTOCOL-HTTP2.md, "Errors": the status of a call whose stream was reset. */
export function grpcCodeOfReset(errorCode: number): number {
  switch (errorCode) {
    case Http2ErrorCode.REFUSED_STREAM:
    case Http2ErrorCode.CONNECT_ERROR:
      return GrpcCode.UNAVAILABLE;
    case Http2ErrorCode.CANCEL:
      return GrpcCode.CANCELLED;
    case Http2ErrorCode.ENHANCE_YOUR_CALM:
      return GrpcCode.RESOURCE_EXHAUSTED;
    case Http2ErrorCode.INADEQUATE_SECURITY:
      return GrpcCode.PERMISSION_DENIED;
    default:
      return GrpcCode.INTERNAL;
  }
}
