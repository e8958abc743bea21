import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import type { KeyValueTypes } from "../../patterns/key-value/key-value-kind.js";
import { WatchRequest } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";
import { firstMessage, rejectedOnAbort, streamMethod } from "../pattern/stream-method.js";
import { ServerCallContext } from "../server-call-context.js";
import { ChangeFeed } from "./change-feed.js";
import { checkPrefix } from "./checked-fields.js";

/** The method of the capability `watch`. */
export const watchMethods = { Watch: streamMethod(serveWatch) };

/** Serves one Watch call until the caller leaves, the binding ends, the reader falls behind or the store throws. */
async function serveWatch(call: StreamingServerCall, { resolve }: MethodEnvironment<KeyValueTypes>): Promise<void> {
  const request = await firstMessage(call, WatchRequest, "prism.keyvalue.v1.WatchRequest");
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
