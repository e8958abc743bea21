import type { OutgoingMessage } from "@prism-data/transport";
import type { CallContext } from "../../call-context.js";
import type { Awaitable } from "../../patterns/key-value.js";
import { decodeMessage, type MessageType } from "../message.js";
import { type BoundNamespace, requireCapability } from "./bound-namespace.js";
import type { StatusOfEntry } from "./wire-answers.js";

/** What the methods need of the process that they run in. */
export interface MethodEnvironment {
  /** The plugin's name: page tokens of one plugin are no good for another. */
  readonly plugin: string;
  /** Turns the error of one entry of a batch into its status. */
  readonly statusOfEntry: StatusOfEntry;
}

/** A unary method: `read` decodes the request, `serve` checks it, calls the store and encodes the answer. */
export interface KeyValueMethod<Request extends { readonly namespace: string }> {
  readonly read: (message: Uint8Array) => Request;
  readonly serve: Serve<Request>;
}

/** A store that answers at once is answered at once: only what waits makes a promise. */
export type Serve<Request> = (
  bound: BoundNamespace,
  request: Request,
  context: CallContext,
  environment: MethodEnvironment,
) => Awaitable<OutgoingMessage>;

/** Pairs both halves of a method, so that they agree on the request. */
export function keyValueMethod<Request extends { readonly namespace: string }>(
  read: (message: Uint8Array) => Request,
  serve: Serve<Request>,
): KeyValueMethod<Request> {
  return { read, serve };
}

/** A method that a namespace has only with a capability. */
export function capabilityMethod<Request extends { readonly namespace: string }>(
  name: string,
  capability: string,
  type: MessageType<Request>,
  serve: Serve<Request>,
): KeyValueMethod<Request> {
  return keyValueMethod(readerOf(type, name), (bound, request, context, environment) => {
    requireCapability(bound, capability, name);
    return serve(bound, request, context, environment);
  });
}

/** Reads a method's request with the generated code. */
export function readerOf<Request>(type: MessageType<Request>, method: string): (message: Uint8Array) => Request {
  const typeName = `prism.keyvalue.v1.${method}Request`;
  return (message) => decodeMessage(type, message, typeName);
}

/** Goes on with a value that may be there already, without making a promise for one that is. */
export function andThen<T>(value: Awaitable<T>, next: (value: T) => OutgoingMessage): Awaitable<OutgoingMessage> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}

function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | undefined)?.then === "function";
}
