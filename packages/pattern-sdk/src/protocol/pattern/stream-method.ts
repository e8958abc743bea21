import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import type { PatternTypes } from "../../patterns/pattern-kind.js";
import { decodeMessage, type MessageType } from "../message.js";
import type { MethodEnvironment, PatternMethod } from "./pattern-method.js";

/**
 * A method with a stream on either side. `serve` reads the first message with `firstMessage`, resolves the namespace that it
 * names, and ends when the stream does.
 */
export function streamMethod<Types extends PatternTypes>(
  serve: (call: StreamingServerCall, environment: MethodEnvironment<Types>) => Promise<void>,
): PatternMethod<Types> {
  return { on: (environment) => ({ kind: "stream", handle: (call) => serve(call, environment) }) };
}

/** Takes the first message of a call; those after it stay for `call.messages()`. Throws `MALFORMED_MESSAGE`. */
export async function firstMessage<Request>(
  call: StreamingServerCall,
  type: MessageType<Request>,
  typeName: string,
): Promise<Request> {
  for await (const message of call.messages()) return decodeMessage(type, message, typeName);
  const name = typeName.slice(typeName.lastIndexOf(".") + 1);
  throw new GatewayError("MALFORMED_MESSAGE", `The call ended without a request. Send one ${name} message.`);
}

/** Rejects with the signal's reason once it is aborted: what a call is raced with that waits for something else. */
export function rejectedOnAbort(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  return promise;
}

/** What a promise becomes, unless the signal is aborted first: then rejects with its reason. Leaves nothing behind on the signal. */
export async function unlessAborted<T>(promise: PromiseLike<T>, signal: AbortSignal): Promise<T> {
  const either = Promise.withResolvers<T>();
  const onAbort = () => either.reject(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  // Always listened to: what ended the call may reject it too, and a rejection that nobody hears ends the process.
  promise.then(either.resolve, either.reject);
  try {
    return await either.promise;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
