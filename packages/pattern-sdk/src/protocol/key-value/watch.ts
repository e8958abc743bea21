import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import { WatchRequest } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { decodeMessage } from "../message.js";
import { ServerCallContext } from "../server-call-context.js";
import { type BoundNamespace, requireCapability } from "./bound-namespace.js";
import { ChangeFeed } from "./change-feed.js";
import { checkPrefix } from "./checked-fields.js";

/** Finds the namespace that a call is for. Throws when there is none. */
export type ResolveNamespace = (namespace: string, call: StreamingServerCall) => BoundNamespace;

/** Serves one Watch call until the caller leaves, the binding ends, the reader falls behind or the store throws. */
export async function serveWatch(call: StreamingServerCall, resolve: ResolveNamespace): Promise<void> {
  const request = decodeMessage(WatchRequest, await firstMessage(call), "prism.keyvalue.v1.WatchRequest");
  const bound = resolve(request.namespace, call);
  requireCapability(bound, "watch", "Watch");
  checkPrefix(request.prefix, "prefix");

  const overflow = new AbortController();
  const signal = AbortSignal.any([call.signal, bound.closed, overflow.signal]);
  const feed = new ChangeFeed(call, (error) => overflow.abort(error));
  try {
    const context = new ServerCallContext(bound.namespace, call, signal);
    await Promise.race([bound.pattern.watch!(request.prefix, feed, context), rejectedOnAbort(signal)]);
    signal.throwIfAborted();
    throw new GatewayError(
      "BACKEND_FAILED",
      `The plugin ended the watch of namespace ${JSON.stringify(bound.namespace)} by itself. Read the current state and watch again.`,
    );
  } finally {
    feed.end();
  }
}

async function firstMessage(call: StreamingServerCall): Promise<Uint8Array> {
  for await (const message of call.messages()) return message;
  throw new GatewayError("MALFORMED_MESSAGE", "The call ended without a request. Send one WatchRequest message.");
}

function rejectedOnAbort(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}
