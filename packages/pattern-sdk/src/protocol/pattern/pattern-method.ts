import type { GrpcMethod, OutgoingMessage, ServerCall } from "@prism-data/transport";
import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";
import type { PatternTypes } from "../../patterns/pattern-kind.js";
import { decodeMessage, type MessageType } from "../message.js";
import type { Status } from "../rpc.js";
import { ServerCallContext } from "../server-call-context.js";
import { type BoundNamespace, requireCapability } from "./bound-namespace.js";

/** What the methods of a pattern need of the process that they run in. */
export interface MethodEnvironment<Types extends PatternTypes = PatternTypes> {
  /** The plugin's name: page tokens of one plugin are no good for another. */
  readonly plugin: string;
  /** Turns the error of one entry of a batch into its status. */
  readonly statusOfEntry: (error: unknown) => Status;
  /**
   * The namespace that a call is for, as it is bound now. `namespace` is what the first message names. Throws when there is
   * none, when it is of another pattern, and when it is not the one that the proxy resolved.
   */
  readonly resolve: (namespace: string, call: ServerCall) => BoundNamespace<Types>;
}

/** One gRPC method of a pattern. Methods throw and reject with whatever the store throws; the host turns that into a status. */
export interface PatternMethod<Types extends PatternTypes> {
  /** The method in one process. */
  on(environment: MethodEnvironment<Types>): GrpcMethod;
}

/** Checks a decoded request, calls the store and encodes its answer. What the store answers at once is answered at once. */
export type Serve<Types extends PatternTypes, Request> = (
  bound: BoundNamespace<Types>,
  request: Request,
  context: CallContext,
  environment: MethodEnvironment<Types>,
) => Awaitable<OutgoingMessage>;

/** A request's field 1 is its namespace. */
interface Namespaced {
  readonly namespace: string;
}

/** A unary method: `read` decodes the request, `serve` does the rest. */
export function unaryMethod<Types extends PatternTypes, Request extends Namespaced>(
  read: (message: Uint8Array) => Request,
  serve: Serve<Types, Request>,
): PatternMethod<Types> {
  return {
    on: (environment) => {
      const { resolve } = environment;
      return {
        kind: "unary",
        handle: (message, call) => {
          const request = read(message);
          const bound = resolve(request.namespace, call);
          return serve(bound, request, new ServerCallContext(bound.namespace, call), environment);
        },
      };
    },
  };
}

/** The same `serve`, for namespaces that have the capability. `what` is the method as the proto spells it. */
export function withCapability<Types extends PatternTypes, Request>(
  capability: Types["capability"],
  what: string,
  serve: Serve<Types, Request>,
): Serve<Types, Request> {
  return (bound, request, context, environment) => {
    requireCapability(bound, capability, what);
    return serve(bound, request, context, environment);
  };
}

/** Reads a request with the generated code; `typeName` is its full name, such as `prism.keyvalue.v1.GetRequest`. */
export function readerOf<Request>(type: MessageType<Request>, typeName: string): (message: Uint8Array) => Request {
  return (message) => decodeMessage(type, message, typeName);
}

/** Goes on with a value that may be there already, without making a promise for one that is. */
export function andThen<T>(value: Awaitable<T>, next: (value: T) => OutgoingMessage): Awaitable<OutgoingMessage> {
  return isPromiseLike(value) ? value.then(next) : next(value);
}

function isPromiseLike<T>(value: Awaitable<T>): value is PromiseLike<T> {
  return typeof (value as Partial<PromiseLike<T>> | undefined)?.then === "function";
}
