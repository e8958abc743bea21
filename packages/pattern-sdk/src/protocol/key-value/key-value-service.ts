import { type GrpcMethod, headerValue, type ServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import { patternServices } from "../descriptors.js";
import { percentDecoded, ServerCallContext } from "../server-call-context.js";
import { atomicMethods } from "./atomic-methods.js";
import { basicMethods } from "./basic-methods.js";
import { batchMethods } from "./batch-methods.js";
import type { BoundNamespace } from "./bound-namespace.js";
import { invalidField } from "./checked-fields.js";
import type { KeyValueMethod, MethodEnvironment } from "./key-value-method.js";
import { scanMethods } from "./scan-methods.js";
import { ttlMethods } from "./ttl-methods.js";
import { serveWatch } from "./watch.js";

/** What the service needs of the process that it runs in. */
export interface KeyValueServiceOptions extends MethodEnvironment {
  /** The namespace as it is bound now. */
  findNamespace(namespace: string): BoundNamespace | undefined;
}

type Resolve = (namespace: string, call: ServerCall) => BoundNamespace;

/**
 * The methods of `prism.keyvalue.v1.KeyValueService` on top of the namespaces' `KeyValue`, by path. They throw and reject with
 * whatever the store throws; the caller turns that into a status.
 */
export function keyValueMethods(options: KeyValueServiceOptions): ReadonlyMap<string, GrpcMethod> {
  const resolve: Resolve = (namespace, call) => resolvedNamespace(namespace, call, options);
  const unary = <Request extends { readonly namespace: string }>(method: KeyValueMethod<Request>) =>
    unaryMethod(method, resolve, options);
  return byPath({
    Get: unary(basicMethods.Get),
    Set: unary(basicMethods.Set),
    Delete: unary(basicMethods.Delete),
    Exists: unary(basicMethods.Exists),
    BatchGet: unary(batchMethods.BatchGet),
    BatchSet: unary(batchMethods.BatchSet),
    BatchDelete: unary(batchMethods.BatchDelete),
    Scan: unary(scanMethods.Scan),
    Count: unary(scanMethods.Count),
    Expire: unary(ttlMethods.Expire),
    Persist: unary(ttlMethods.Persist),
    GetTtl: unary(ttlMethods.GetTtl),
    Increment: unary(atomicMethods.Increment),
    Transact: unary(atomicMethods.Transact),
    Watch: { kind: "stream", handle: (call) => serveWatch(call, resolve) },
  });
}

function byPath(methods: Readonly<Record<string, GrpcMethod>>): ReadonlyMap<string, GrpcMethod> {
  const service = patternServices["key-value"];
  return new Map(Object.entries(methods).map(([name, method]) => [`/${service}/${name}`, method]));
}

function unaryMethod<Request extends { readonly namespace: string }>(
  { read, serve }: KeyValueMethod<Request>,
  resolve: Resolve,
  environment: MethodEnvironment,
): GrpcMethod {
  return {
    kind: "unary",
    handle: (message, call) => {
      const request = read(message);
      const bound = resolve(request.namespace, call);
      return serve(bound, request, new ServerCallContext(bound.namespace, call), environment);
    },
  };
}

/** Invariant: the plugin serves exactly the namespace that the proxy resolved, whatever the message says. */
function resolvedNamespace(namespace: string, call: ServerCall, options: KeyValueServiceOptions): BoundNamespace {
  if (namespace === "") throw invalidField("namespace", "is required");
  const resolved = headerValue(call.metadata, "prism-namespace");
  if (resolved !== undefined && percentDecoded(resolved) !== namespace) {
    throw invalidField("namespace", "is not the namespace that the proxy resolved; give field 1 of the message once");
  }
  const bound = options.findNamespace(namespace);
  if (bound !== undefined) return bound;
  throw new GatewayError(
    "NAMESPACE_NOT_FOUND",
    `No namespace ${JSON.stringify(namespace)} of pattern key-value is bound to this plugin. Check the name, or add it to the configuration.`,
    { metadata: { namespace } },
  );
}
