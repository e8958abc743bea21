import { GrpcCode, type HeaderList, headerValue } from "@prism-data/transport";

/** The gRPC code in trailers. One that is missing or no code is UNKNOWN, as clients read it. */
export function grpcStatusOf(trailers: HeaderList): number {
  const text = headerValue(trailers, "grpc-status");
  if (text === "0") return GrpcCode.OK;
  const code = text === undefined ? Number.NaN : Number(text);
  return Number.isInteger(code) && code >= 0 && code <= GrpcCode.UNAUTHENTICATED ? code : GrpcCode.UNKNOWN;
}
