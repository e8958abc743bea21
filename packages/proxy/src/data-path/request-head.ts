import { GatewayError, type MethodTraits, methodTraits } from "@prism-data/pattern-sdk/protocol";
import { GrpcError, type HeaderList, parseTimeout } from "@prism-data/transport";
import { type Failure, failureOf } from "./failure.js";

/** What the headers of a request ask for. */
export type RequestHead =
  | GrpcHead
  /** JSON or protobuf over plain HTTP semantics. */
  | { readonly kind: "http"; readonly method: string; readonly path: string; readonly headers: HeaderList }
  /** gRPC, but nothing that can be served. */
  | { readonly kind: "refused"; readonly failure: Failure };

/** A gRPC call. */
export interface GrpcHead {
  readonly kind: "grpc";
  readonly path: string;
  /** The full name of the service in the path; empty when the path is no method's. */
  readonly service: string;
  /** Of one of Prism's own methods. */
  readonly traits: MethodTraits | undefined;
  readonly contentType: string;
  /** The compression that the caller announced. */
  readonly encoding: string;
  readonly timeoutMs: number | undefined;
  readonly requestId: string | undefined;
  /** Who the caller's connection was verified to belong to. */
  readonly principal: string | undefined;
  /** The caller's own metadata. */
  readonly metadata: HeaderList;
  /** What a service that is routed whole gets besides: how messages are compressed, and by whom. */
  readonly messageMetadata: HeaderList;
  /**
   * Header lists for plugins that were made from this head, by the timeout that they tell. They may be sent again as they are:
   * the transport then need not encode them again. By link, whose token is in them. Invariant: they are sent on no other.
   */
  readonly upstreamHeaders: Map<object, Map<number | undefined, HeaderList>>;
}

/** A caller's id may go into log lines, so it has a bound. */
const requestIdCharsMax = 128;

/** Fields that belong to the connection from the app, to the call's own protocol, or to Prism. Never passed on as they came. */
const reserved: ReadonlySet<string> = new Set([
  "authorization",
  "connection",
  "content-length",
  "content-type",
  "expect",
  "grpc-timeout",
  "host",
  "keep-alive",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-request-id",
]);

/** Fields that say how messages are written. Pattern services do not compress; services routed whole decide for themselves. */
const ofMessages: ReadonlySet<string> = new Set([
  "accept-encoding",
  "grpc-accept-encoding",
  "grpc-encoding",
  "user-agent",
]);

const heads = new WeakMap<HeaderList, RequestHead>();

/** Reads request headers. The transport gives equal header blocks of a connection as one list, so most are read once. */
export function requestHead(headers: HeaderList, principal: string | undefined): RequestHead {
  const known = heads.get(headers);
  if (known !== undefined && (known.kind !== "grpc" || known.principal === principal)) return known;
  const head = readHead(headers, principal);
  heads.set(headers, head);
  return head;
}

function readHead(headers: HeaderList, principal: string | undefined): RequestHead {
  const fields = new Map<string, string>();
  for (let at = 0; at < headers.length; at += 2) {
    if (!fields.has(headers[at]!)) fields.set(headers[at]!, headers[at + 1]!);
  }
  const method = fields.get(":method") ?? "";
  const path = fields.get(":path") ?? "";
  const contentType = fields.get("content-type") ?? "";
  if (method !== "POST" || !isGrpc(contentType)) {
    return {
      kind: "http",
      method,
      path: path.replace(/\?.*$/s, ""),
      headers: headers.slice(regularFieldsStart(headers)),
    };
  }
  const timeoutMs = readTimeout(fields.get("grpc-timeout"));
  if (timeoutMs === "malformed") return { kind: "refused", failure: malformedTimeout() };
  return {
    kind: "grpc",
    path,
    service: path.slice(1, Math.max(1, path.lastIndexOf("/"))),
    traits: methodTraits(path),
    contentType,
    encoding: fields.get("grpc-encoding") ?? "identity",
    timeoutMs,
    requestId: fields.get("x-request-id")?.slice(0, requestIdCharsMax),
    principal,
    metadata: pick(headers, (name) => !reserved.has(name) && !ofMessages.has(name) && !name.startsWith("prism-")),
    messageMetadata: pick(headers, (name) => ofMessages.has(name)),
    upstreamHeaders: new Map(),
  };
}

/** `application/grpc`, also with a message format or parameters; not grpc-web, whose framing is another. */
function isGrpc(contentType: string): boolean {
  return /^application\/grpc(?:$|[+; ])/i.test(contentType);
}

function regularFieldsStart(headers: HeaderList): number {
  let at = 0;
  while (at < headers.length && headers[at]!.startsWith(":")) at += 2;
  return at;
}

function pick(headers: HeaderList, wanted: (name: string) => boolean): HeaderList {
  const picked: string[] = [];
  for (let at = regularFieldsStart(headers); at < headers.length; at += 2) {
    if (wanted(headers[at]!)) picked.push(headers[at]!, headers[at + 1]!);
  }
  return picked;
}

function readTimeout(text: string | undefined): number | undefined | "malformed" {
  if (text === undefined) return undefined;
  try {
    return parseTimeout(text);
  } catch (error) {
    if (error instanceof GrpcError) return "malformed";
    throw error;
  }
}

function malformedTimeout(): Failure {
  const description = "must be 1 to 8 digits and one of H, M, S, m, u, n";
  return failureOf(
    new GatewayError("INVALID_FIELD", `The grpc-timeout header ${description}.`, {
      fieldViolations: [{ field: "grpc-timeout", description }],
    }),
  );
}
