import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import { errorTrailers, isGrpcContentType, statusTrailers, trailersOnly } from "./grpc-status.js";
import { parseTimeout } from "./grpc-timeout.js";
import { type HeaderList, headerValue } from "./header-list.js";

/** What the headers of a request say, or the answer to a request that cannot be served. */
export type RequestHead =
  | { readonly kind: "call"; readonly path: string; readonly timeoutMs: number | undefined }
  | { readonly kind: "rejected"; readonly answer: HeaderList };

const known = new WeakMap<HeaderList, RequestHead>();

/** PROTOCOL-HTTP2.md, "Requests". Lists are shared by calls that sent the same block, so each is read once. */
export function requestHead(headers: HeaderList): RequestHead {
  let head = known.get(headers);
  if (head === undefined) {
    head = readHead(headers);
    known.set(headers, head);
  }
  return head;
}

function rejected(answer: HeaderList): RequestHead {
  return { kind: "rejected", answer };
}

function readHead(headers: HeaderList): RequestHead {
  if (headerValue(headers, ":method") !== "POST") return rejected([":status", "405", "allow", "POST"]);
  if (!isGrpcContentType(headerValue(headers, "content-type") ?? "")) return rejected([":status", "415"]);
  const encoding = headerValue(headers, "grpc-encoding") ?? "identity";
  if (encoding !== "identity") {
    const trailers = statusTrailers(GrpcCode.UNIMPLEMENTED, `messages compressed with ${encoding} are not supported`);
    return rejected(trailersOnly([...trailers, "grpc-accept-encoding", "identity"]));
  }
  const timeout = headerValue(headers, "grpc-timeout");
  try {
    return {
      kind: "call",
      path: headerValue(headers, ":path")!,
      timeoutMs: timeout === undefined ? undefined : parseTimeout(timeout),
    };
  } catch (error) {
    if (!(error instanceof GrpcError)) throw error;
    return rejected(trailersOnly(errorTrailers(error)));
  }
}
