import type { Awaitable } from "./awaitable.js";
import type { CallContext } from "./call-context.js";

/**
 * One method as code generators write it for @grpc/grpc-js: ts-proto, grpc-tools and @grpc/proto-loader all do. `Request` and
 * `Response` are the messages. Source: `MethodDefinition` of @grpc/grpc-js.
 */
export interface MethodDefinition<Request, Response> {
  /** `/acme.search.v1.SearchService/Find` */
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  requestDeserialize(bytes: Buffer): Request;
  responseSerialize(response: Response): Uint8Array;
}

/** The methods of a service by name, as generated. */
// biome-ignore lint/suspicious/noExplicitAny: whatever messages the methods have; `unknown` would refuse all of them.
export type ServiceDefinition = Readonly<Record<string, MethodDefinition<any, any>>>;

/** What a method of an own service knows of its call. One per call; not shared. */
export type ServiceCallContext = Omit<CallContext, "namespace">;

/**
 * What serves a method: one message or a stream in, one message or a stream out. Throws `GatewayError`. Responses are taken as
 * fast as the caller reads them; when the call ends early, the stream of responses is returned from at its next `yield`.
 */
export type Handler<Method> =
  Method extends MethodDefinition<infer Request, infer Response>
    ? (
        request: Method["requestStream"] extends true ? AsyncIterable<Request> : Request,
        context: ServiceCallContext,
      ) => Method["responseStream"] extends true ? AsyncIterable<Response> : Awaitable<Response>
    : never;

/** A handler for each method of a service, by the names of its definition. */
export type Handlers<Definition extends ServiceDefinition> = {
  readonly [Name in keyof Definition]: Handler<Definition[Name]>;
};
