import type { StreamingServerCall } from "@prism-data/transport";
import type { PatternTypes } from "../../patterns/pattern-kind.js";
import { decodeMessage, type MessageType } from "../message.js";
import { ServerCallContext } from "../server-call-context.js";
import { checkSameNamespace } from "./bound-namespace.js";
import type { MethodEnvironment, PatternMethod, Serve } from "./pattern-method.js";
import { firstMessage, streamMethod, unlessAborted } from "./stream-method.js";

/**
 * A method that takes a stream of requests and gives each its answer, one after the other in their order. What was begun is answered,
 * also when the binding ends. `typeName` is the full name of the request, whose field 1 is its namespace.
 */
export function answeredStream<Types extends PatternTypes, Request extends { readonly namespace: string }>(
  type: MessageType<Request>,
  typeName: string,
  serve: Serve<Types, Request>,
): PatternMethod<Types> {
  return streamMethod(async (call: StreamingServerCall, environment: MethodEnvironment<Types>) => {
    let request = await firstMessage(call, type, typeName);
    const bound = environment.resolve(request.namespace, call);
    const context = new ServerCallContext(bound.namespace, call);
    const signal = AbortSignal.any([call.signal, bound.closed]);
    const messages = call.messages()[Symbol.asyncIterator]();
    for (;;) {
      const hasRoom = call.write(await serve(bound, request, context, environment));
      if (!hasRoom) await unlessAborted(call.writable(), signal);
      const next = await unlessAborted(messages.next(), signal);
      if (next.done) return;
      request = decodeMessage(type, next.value, typeName);
      checkSameNamespace(bound, request.namespace);
    }
  });
}
