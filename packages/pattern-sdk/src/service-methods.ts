import type { GrpcMethod, StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "./errors.js";
import { ServerCallContext } from "./protocol/server-call-context.js";
import type { Handlers, MethodDefinition, ServiceCallContext, ServiceDefinition } from "./service-definition.js";

type Messages = AsyncIterable<unknown>;
type AnyHandler = (request: unknown, context: ServiceCallContext) => unknown;
type AnyMethod = MethodDefinition<unknown, unknown>;

/**
 * Puts handlers behind a generated service: what a backend gives as `services`. A message that cannot be decoded is answered
 * with `MALFORMED_MESSAGE`, and whatever a handler throws as for a pattern. Handlers run concurrently.
 */
export function serviceMethods<Definition extends ServiceDefinition>(
  definition: Definition,
  handlers: Handlers<Definition>,
): ReadonlyMap<string, GrpcMethod> {
  const methods = Object.entries(definition).map(([name, method]) => {
    const handler = (handlers[name] as AnyHandler).bind(handlers);
    return [method.path, isUnary(method) ? unaryMethod(method, handler) : streamMethod(method, handler)] as const;
  });
  return new Map(methods);
}

function isUnary({ requestStream, responseStream }: AnyMethod): boolean {
  return !requestStream && !responseStream;
}

function unaryMethod(method: AnyMethod, handler: AnyHandler): GrpcMethod {
  return {
    kind: "unary",
    handle: async (message, call) => {
      const response = await handler(decoded(method, message), new ServerCallContext("", call));
      return method.responseSerialize(response);
    },
  };
}

function streamMethod(method: AnyMethod, handler: AnyHandler): GrpcMethod {
  return {
    kind: "stream",
    handle: async (call) => {
      const requests = decodedEach(method, call);
      const request = method.requestStream ? requests : await onlyOne(method, requests);
      const answer = await handler(request, new ServerCallContext("", call));
      const responses = method.responseStream ? (answer as Messages) : [answer];
      for await (const response of responses) {
        if (!call.write(method.responseSerialize(response))) await call.writable();
      }
    },
  };
}

async function* decodedEach(method: AnyMethod, call: StreamingServerCall): Messages {
  for await (const message of call.messages()) yield decoded(method, message);
}

async function onlyOne({ path }: AnyMethod, requests: Messages): Promise<unknown> {
  let only: unknown;
  for await (const request of requests) {
    if (only !== undefined) throw notOne(path);
    only = request;
  }
  if (only === undefined) throw notOne(path);
  return only;
}

function notOne(path: string): GatewayError {
  return new GatewayError("MALFORMED_MESSAGE", `${path} takes one request message. Send exactly one.`);
}

function decoded(method: AnyMethod, message: Uint8Array): unknown {
  try {
    return method.requestDeserialize(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
  } catch (cause) {
    const text = `The ${message.length} bytes of the request are not the message that ${method.path} takes. Encode it with code generated from the service's .proto file.`;
    throw new GatewayError("MALFORMED_MESSAGE", text, { cause });
  }
}
