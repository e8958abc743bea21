import { ExtendedHeaders, encodeTimeout, type HeaderList, type RequestHeaders } from "@prism-data/transport";
import type { Route } from "../routing/route-lookup.js";
import type { GrpcHead } from "./request-head.js";

/** What a connection to a plugin adds to every call. */
export interface PluginCredentials {
  /** `Bearer TOKEN`; `undefined`: the plugin asked for none. */
  readonly authorization: string | undefined;
}

interface CallHeaders {
  readonly route: Route;
  readonly link: PluginCredentials;
  readonly timeoutMs: number | undefined;
}

/** Links, and timeouts of namespaces, whose lists one head keeps. An app that uses more in turn pays for building them. */
const cachedListsMax = 16;

/**
 * The headers of a call to a plugin. An app that repeats itself gets the same list again, whichever namespace it calls: what
 * a call costs does not depend on how many it uses in turn.
 */
export function upstreamHeaders(head: GrpcHead, call: CallHeaders): RequestHeaders {
  return extended(cachedHeaders(head, call), call.route);
}

/** The same for a call that has waited: what is left of its time is its own. */
export function buildUpstreamHeaders(head: GrpcHead, call: CallHeaders): RequestHeaders {
  return extended(buildHeaders(head, call), call.route);
}

function extended(headers: HeaderList, { namespaceHeader }: Route): RequestHeaders {
  return namespaceHeader === undefined ? headers : new ExtendedHeaders(headers, "prism-namespace", namespaceHeader);
}

function cachedHeaders(head: GrpcHead, call: CallHeaders): HeaderList {
  const { link, timeoutMs } = call;
  const ofLink = head.upstreamHeaders.get(link) ?? new Map<number | undefined, HeaderList>();
  const cached = ofLink.get(timeoutMs);
  if (cached !== undefined) return cached;
  const headers = buildHeaders(head, call);
  if (ofLink.size >= cachedListsMax) ofLink.clear();
  if (head.upstreamHeaders.size >= cachedListsMax) head.upstreamHeaders.clear();
  head.upstreamHeaders.set(link, ofLink.set(timeoutMs, headers));
  return headers;
}

/** Everything but the namespace. */
function buildHeaders(head: GrpcHead, { route, link, timeoutMs }: CallHeaders): HeaderList {
  const headers = [
    ":method",
    "POST",
    ":scheme",
    "http",
    ":path",
    head.path,
    ":authority",
    "localhost",
    "te",
    "trailers",
  ];
  headers.push("content-type", route.namespace === undefined ? head.contentType : "application/grpc");
  if (link.authorization !== undefined) headers.push("authorization", link.authorization);
  if (head.requestId !== undefined) headers.push("prism-request-id", head.requestId);
  if (head.principal !== undefined) headers.push("prism-principal", encodeURIComponent(head.principal));
  if (timeoutMs !== undefined) headers.push("grpc-timeout", encodeTimeout(timeoutMs));
  if (route.namespace === undefined) headers.push(...head.messageMetadata);
  headers.push(...head.metadata);
  return headers;
}
