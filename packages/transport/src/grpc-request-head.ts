import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import { isGrpcContentType } from "./grpc-status.js";
import { parseTimeout } from "./grpc-timeout.js";
import type { HeaderList } from "./header-list.js";

/** What the headers of a request say, or the answer to a request that cannot be served. */
export type RequestHead =
  | { readonly kind: "call"; readonly path: string; readonly timeoutMs: number | undefined }
  /** No gRPC request at all: answered as HTTP is. */
  | { readonly kind: "rejected"; readonly answer: HeaderList }
  | { readonly kind: "refused"; readonly error: GrpcError };

function rejected(answer: HeaderList): RequestHead {
  return { kind: "rejected", answer };
}

/** PROTOCOL-HTTP2.md, "Requests". One pass over the list: this runs for every call. */
export function requestHead(headers: HeaderList): RequestHead {
  let method: string | undefined;
  let path = "";
  let contentType = "";
  let encoding = "identity";
  let timeout: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const value = headers[i + 1]!;
    switch (headers[i]) {
      case ":method":
        method = value;
        break;
      case ":path":
        path = value;
        break;
      case "content-type":
        contentType = value;
        break;
      case "grpc-encoding":
        encoding = value;
        break;
      case "grpc-timeout":
        timeout = value;
        break;
    }
  }
  if (method !== "POST") return rejected([":status", "405", "allow", "POST"]);
  if (!isGrpcContentType(contentType)) return rejected([":status", "415"]);
  if (encoding !== "identity") return { kind: "refused", error: unknownEncoding(encoding) };
  return timeout === undefined ? { kind: "call", path, timeoutMs: undefined } : timedCall(path, timeout);
}

function timedCall(path: string, timeout: string): RequestHead {
  try {
    return { kind: "call", path, timeoutMs: parseTimeout(timeout) };
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    return { kind: "refused", error };
  }
}

function unknownEncoding(encoding: string): GrpcError {
  const message = `messages compressed with ${encoding} are not supported`;
  return new GrpcError({ code: GrpcCode.UNIMPLEMENTED, message, fault: "compressed" });
}
