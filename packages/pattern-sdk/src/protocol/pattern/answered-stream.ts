import type { StreamingServerCall } from "@prism-data/transport";
import type { PatternTypes } from "../../patterns/pattern-kind.js";
import { decodeMessage, type MessageType } from "../message.js";
import { ServerCallContext } from "../server-call-context.js";
import type { BatchMethod } from "./batch-method.js";
import { checkSameNamespace } from "./bound-namespace.js";
import { checkResults } from "./check-results.js";
import type { MethodEnvironment, PatternMethod } from "./pattern-method.js";
import { firstMessage, streamMethod, unlessAborted } from "./stream-method.js";
import { WaitingRequests } from "./waiting-requests.js";

/**
 * The method as a stream of requests, each of which gets its answer, in their order. Requests that came while earlier ones were
 * carried out are carried out together; nothing is held back to wait for more. What was begun is answered, also when the binding
 * ends. `typeName` is the full name of the request, whose field 1 is its namespace.
 */
export function answeredStream<
  Types extends PatternTypes,
  Request extends { readonly namespace: string },
  Item,
  Result,
>(
  type: MessageType<Request>,
  typeName: string,
  method: BatchMethod<Types, Request, Item, Result>,
): PatternMethod<Types> {
  return streamMethod(async (call: StreamingServerCall, environment: MethodEnvironment<Types>) => {
    const request = await firstMessage(call, type, typeName);
    const bound = environment.resolve(request.namespace, call);
    const context = new ServerCallContext(bound.namespace, call);
    const signal = AbortSignal.any([call.signal, bound.closed]);
    const messages = call.messages()[Symbol.asyncIterator]();
    const read = (message: Uint8Array) => {
      const next = decodeMessage(type, message, typeName);
      checkSameNamespace(bound, next.namespace);
      return method.read(bound, next);
    };
    let first = method.read(bound, request);
    for (;;) {
      const waiting = new WaitingRequests(first, call, read);
      const { batch } = waiting;
      const results = await method.carryOut(bound, batch, context);
      checkResults(results, batch.items.length, method.name);
      let hasRoom = true;
      for (const own of waiting.split(results)) hasRoom = call.write(method.encode(own, environment));
      if (!hasRoom) await unlessAborted(call.writable(), signal);
      signal.throwIfAborted();
      const following = await waiting.following(() => unlessAborted(messages.next(), signal));
      if (following === undefined) return;
      first = following;
    }
  });
}
