import { encodeTimeout, type HeaderList } from "@prism-data/transport";
import type { Route } from "../routing/route-lookup.js";
import type { GrpcHead } from "./request-head.js";

/** What a connection to a plugin adds to every call. */
export interface PluginCredentials {
  /** `Bearer TOKEN`; `undefined`: the plugin asked for none. */
  readonly authorization: string | undefined;
}

/** Routes whose lists one head keeps: an app that calls more namespaces than this in turn pays for building them. */
const cachedRoutesMax = 64;

/** The headers of a call to a plugin. An app that repeats itself gets the same list again. */
export function upstreamHeaders(
  head: GrpcHead,
  { route, link, timeoutMs }: { route: Route; link: PluginCredentials; timeoutMs: number | undefined },
): HeaderList {
  const cached = head.upstreamHeaders.get(route);
  if (cached !== undefined && cached.link === link) return cached.headers;
  const headers = buildUpstreamHeaders(head, { route, link, timeoutMs });
  if (head.upstreamHeaders.size >= cachedRoutesMax) head.upstreamHeaders.clear();
  head.upstreamHeaders.set(route, { link, headers });
  return headers;
}

/** The same for a call that has waited: what is left of its time is its own. */
export function buildUpstreamHeaders(
  head: GrpcHead,
  { route, link, timeoutMs }: { route: Route; link: PluginCredentials; timeoutMs: number | undefined },
): HeaderList {
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
  if (route.namespace !== undefined) headers.push("prism-namespace", encodeURIComponent(route.namespace));
  if (head.requestId !== undefined) headers.push("prism-request-id", head.requestId);
  if (head.principal !== undefined) headers.push("prism-principal", encodeURIComponent(head.principal));
  if (timeoutMs !== undefined) headers.push("grpc-timeout", encodeTimeout(timeoutMs));
  if (route.namespace === undefined) headers.push(...head.messageMetadata);
  headers.push(...head.metadata);
  return headers;
}
