import { type GrpcMethod, headerValue, type ServerCall } from "@prism-data/transport";
import type { CallContext } from "../../call-context.js";
import { GatewayError } from "../../errors.js";
import type { Awaitable, BatchResult } from "../../patterns/key-value.js";
import { patternServices } from "../descriptors.js";
import * as wire from "../gen/prism/keyvalue/v1/keyvalue.js";
import { decodeMessage, encodeMessage, type MessageType } from "../message.js";
import { percentDecoded, ServerCallContext } from "../server-call-context.js";
import { durationFromMs } from "../wire-time.js";
import { type BoundNamespace, requireCapability } from "./bound-namespace.js";
import { checkKey, checkPrefix, invalidField } from "./checked-fields.js";
import {
  checkedDelete,
  checkedEntries,
  checkedKeys,
  checkedScan,
  checkedSet,
  checkedTransact,
  permittedTtlMs,
} from "./checked-requests.js";
import { decodeGetRequest, decodeSetRequest, encodeGetResponse, encodeSetResponse } from "./hot-codec.js";
import { sealPageToken } from "./page-token.js";
import { serveWatch } from "./watch.js";
import {
  optionalTime,
  type StatusOfEntry,
  wireMutation,
  wireReads,
  wireRemoval,
  wireScanEntry,
  wireWrite,
} from "./wire-answers.js";

/** What the service needs of the process that it runs in. */
export interface KeyValueServiceOptions {
  /** The plugin's name: page tokens of one plugin are no good for another. */
  readonly plugin: string;
  /** The namespace as it is bound now. */
  findNamespace(namespace: string): BoundNamespace | undefined;
  /** Turns the error of one entry of a batch into its status. */
  readonly statusOfEntry: StatusOfEntry;
}

/** A method after its request was read and its namespace found: checks the rest, calls the store, writes the answer. */
type Serve<Request> = (bound: BoundNamespace, request: Request, context: CallContext) => Awaitable<Uint8Array>;

/**
 * The methods of `prism.keyvalue.v1.KeyValueService` on top of the namespaces' `KeyValue`, by path. They throw and reject with
 * whatever the store throws; the caller turns that into a status. A store that answers at once is answered at once.
 */
export function keyValueMethods(options: KeyValueServiceOptions): ReadonlyMap<string, GrpcMethod> {
  const methods = new Map<string, GrpcMethod>();
  const resolve = (namespace: string, call: ServerCall) => resolvedNamespace(namespace, call, options);
  const path = (method: string) => `/${patternServices["key-value"]}/${method}`;

  const unary = <Request extends { namespace: string }>(
    method: string,
    decode: (message: Uint8Array) => Request,
    serve: Serve<Request>,
  ) => {
    methods.set(path(method), {
      kind: "unary",
      handle: (message, call) => {
        const request = decode(message);
        const bound = resolve(request.namespace, call);
        return serve(bound, request, new ServerCallContext(bound.namespace, call));
      },
    });
  };
  const withCapability = <Request extends { namespace: string }>(
    method: string,
    capability: string,
    type: MessageType<Request>,
    serve: Serve<Request>,
  ) => {
    unary(method, decoderOf(type, method), (bound, request, context) => {
      requireCapability(bound, capability, method);
      return serve(bound, request, context);
    });
  };

  unary("Get", decodeGetRequest, ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.get(key, context), encodeGetResponse);
  });
  unary("Set", decodeSetRequest, (bound, request, context) =>
    andThen(bound.pattern.set(checkedSet(bound, request, ""), context), encodeSetResponse),
  );
  unary("Delete", decoderOf(wire.DeleteRequest, "Delete"), (bound, request, context) =>
    andThen(bound.pattern.delete(checkedDelete(bound, request, ""), context), (existed) =>
      encodeMessage(wire.DeleteResponse, { existed }),
    ),
  );
  unary("Exists", decoderOf(wire.ExistsRequest, "Exists"), ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.exists(key, context), (exists) => encodeMessage(wire.ExistsResponse, { exists }));
  });

  withCapability("BatchGet", "batch", wire.BatchGetRequest, ({ pattern }, { keys }, context) =>
    andThen(pattern.batchGet!(checkedKeys(keys), context), (results) => {
      checkResults(results, keys.length, "batchGet");
      return encodeMessage(wire.BatchGetResponse, { results: wireReads(results, options.statusOfEntry, messageFull) });
    }),
  );
  withCapability("BatchSet", "batch", wire.BatchSetRequest, (bound, { entries }, context) => {
    const requests = checkedEntries(entries, (entry, field) => checkedSet(bound, entry, field));
    return andThen(bound.pattern.batchSet!(requests, context), (results) => {
      checkResults(results, entries.length, "batchSet");
      return encodeMessage(wire.BatchSetResponse, {
        results: results.map((result) => wireWrite(result, options.statusOfEntry)),
      });
    });
  });
  withCapability("BatchDelete", "batch", wire.BatchDeleteRequest, (bound, { entries }, context) => {
    const requests = checkedEntries(entries, (entry, field) => checkedDelete(bound, entry, field));
    return andThen(bound.pattern.batchDelete!(requests, context), (results) => {
      checkResults(results, entries.length, "batchDelete");
      return encodeMessage(wire.BatchDeleteResponse, {
        results: results.map((result) => wireRemoval(result, options.statusOfEntry)),
      });
    });
  });

  withCapability("Scan", "scan", wire.ScanRequest, (bound, scan, context) => {
    const { request, scope } = checkedScan(bound, scan, options.plugin);
    return andThen(bound.pattern.scan!(request, context), ({ entries, cursor }) =>
      encodeMessage(wire.ScanResponse, {
        entries: entries.map((entry) => wireScanEntry(entry, request.keysOnly)),
        nextPageToken: cursor === undefined ? "" : sealPageToken(cursor, scope),
      }),
    );
  });
  withCapability("Count", "count", wire.CountRequest, ({ pattern }, { prefix }, context) => {
    checkPrefix(prefix, "prefix");
    return andThen(pattern.count!(prefix, context), (count) =>
      encodeMessage(wire.CountResponse, { count: BigInt(count) }),
    );
  });

  withCapability("Expire", "ttl", wire.ExpireRequest, (bound, { key, ttl }, context) => {
    checkKey(key, "key");
    if (ttl === undefined) throw invalidField("ttl", "is required; call Persist to take a time to live away");
    return andThen(bound.pattern.expire!(key, permittedTtlMs(bound, ttl, "ttl"), context), (expiresAtMs) =>
      encodeMessage(wire.ExpireResponse, { found: expiresAtMs !== undefined, expireTime: optionalTime(expiresAtMs) }),
    );
  });
  withCapability("Persist", "ttl", wire.PersistRequest, ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.persist!(key, context), (found) => encodeMessage(wire.PersistResponse, { found }));
  });
  withCapability("GetTtl", "ttl", wire.GetTtlRequest, ({ pattern }, { key }, context) => {
    checkKey(key, "key");
    return andThen(pattern.getTtl!(key, context), (life) =>
      encodeMessage(wire.GetTtlResponse, {
        found: life !== undefined,
        ttl: life?.remainingMs === undefined ? undefined : durationFromMs(life.remainingMs),
        expireTime: optionalTime(life?.expiresAtMs),
      }),
    );
  });

  withCapability("Increment", "counter", wire.IncrementRequest, ({ pattern }, { key, delta }, context) => {
    checkKey(key, "key");
    return andThen(pattern.increment!(key, delta, context), ({ value, etag }) =>
      encodeMessage(wire.IncrementResponse, { value, etag }),
    );
  });
  withCapability("Transact", "transaction", wire.TransactRequest, (bound, request, context) =>
    andThen(bound.pattern.transact!(checkedTransact(bound, request), context), (results) =>
      encodeMessage(wire.TransactResponse, { results: results.map(wireMutation) }),
    ),
  );

  methods.set(path("Watch"), { kind: "stream", handle: (call) => serveWatch(call, resolve) });
  return methods;
}

const messageFull = new GatewayError(
  "MESSAGE_TOO_LARGE",
  "The answers before this one fill the message. Ask for this key again, with fewer others.",
);

function decoderOf<Request>(type: MessageType<Request>, method: string): (message: Uint8Array) => Request {
  const typeName = `prism.keyvalue.v1.${method}Request`;
  return (message) => decodeMessage(type, message, typeName);
}

/** Goes on with a value that may be there already, without making a promise for one that is. */
function andThen<T>(value: Awaitable<T>, next: (value: T) => Uint8Array): Awaitable<Uint8Array> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}

function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | undefined)?.then === "function";
}

function checkResults(results: readonly BatchResult<unknown>[], expected: number, method: string): void {
  if (results.length === expected) return;
  throw new GatewayError(
    "INTERNAL",
    `The plugin's ${method} answered ${results.length} results for ${expected} entries.`,
  );
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
