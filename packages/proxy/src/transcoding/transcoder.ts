import { GatewayError, statusOf } from "@prism-data/pattern-sdk/protocol";
import { type HeaderList, headerValue } from "@prism-data/transport";
import { connectErrorBody, connectErrorOf, httpStatusOf } from "./connect-error.js";
import { requestFromJson, responseToJson } from "./json-messages.js";
import type { DescribedMethod, MethodRegistry } from "./method-registry.js";

/** A call with one message, as gRPC would make it. */
export interface CallRequest {
  /** Such as `/prism.keyvalue.v1.KeyValueService/Get`. */
  readonly path: string;
  readonly message: Uint8Array;
  /** The caller's own metadata, names in lower case. */
  readonly metadata: HeaderList;
  readonly timeoutMs: number | undefined;
  /** Who the caller's connection was verified to belong to. */
  readonly principal: string | undefined;
}

/** How a call went. */
export interface CallStatus {
  readonly code: number;
  readonly statusMessage: string;
  readonly details: Uint8Array | undefined;
}

/** What became of a unary call. Metadata is the plugin's own, without gRPC's fields. */
export interface UnaryResponse extends CallStatus {
  readonly message: Uint8Array;
  readonly headers: HeaderList;
  readonly trailers: HeaderList;
}

/** Makes unary calls: the data path on the data port, the admin service on the admin port. Never rejects. */
export type CallUnary = (request: CallRequest, signal: AbortSignal) => Promise<UnaryResponse>;

/** What becomes of a call that is answered with many messages. */
export interface StreamingResponse {
  readonly headers: HeaderList;
  /** To be read once, to the end. Never throws. */
  readonly messages: AsyncIterable<Uint8Array>;
  /** After the last message. */
  status(): CallStatus;
}

/** Makes calls that are answered with many messages. Never rejects. */
export type CallStreaming = (request: CallRequest, signal: AbortSignal) => Promise<StreamingResponse>;

/** A request of HTTP/1.1 or HTTP/2 with its whole body. Header names in lower case, no pseudo-headers. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: HeaderList;
  readonly body: Buffer;
  readonly principal: string | undefined;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body: string | Uint8Array;
}

/** A response whose body is written as it comes. */
export interface HttpStream {
  readonly status: number;
  readonly headers: HeaderList;
  /** To be read once, to the end. Never throws. */
  readonly lines: AsyncIterable<string>;
}

type Encoding = "json" | "proto";

/** Header fields of the HTTP exchange itself: they are no metadata of the call. */
const httpFields: ReadonlySet<string> = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "connect-accept-encoding",
  "connect-content-encoding",
  "connect-protocol-version",
  "connect-timeout-ms",
  "content-encoding",
  "content-length",
  "content-type",
  "expect",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "user-agent",
]);

/** Connect bounds `connect-timeout-ms` to ten digits. */
const timeoutPattern = /^\d{1,10}$/;

const welcome = `This is the data port of Prism. It serves gRPC, and HTTP/JSON like this:

  curl -d '{"namespace":"demo","key":"k"}' -H 'content-type: application/json' \\
    http://THIS-HOST/prism.keyvalue.v1.KeyValueService/Get

gRPC reflection lists the services.
`;

/**
 * Serves methods over HTTP. Unary ones: the unary form of the Connect protocol, with JSON or binary messages. Those that answer with
 * many messages: one JSON message in, JSON lines out, the last of them `{"error": …}` if the call failed.
 */
export class Transcoder {
  readonly #methods: () => MethodRegistry;
  readonly #call: CallUnary;
  readonly #callStreaming: CallStreaming | undefined;

  /**
   * `methods` is asked anew for each request: the services of plugins come and go with the configuration. Without `callStreaming`,
   * only unary methods are served.
   */
  constructor(options: { methods: () => MethodRegistry; call: CallUnary; callStreaming?: CallStreaming }) {
    this.#methods = options.methods;
    this.#call = options.call;
    this.#callStreaming = options.callStreaming;
  }

  /** Answers a request. Never rejects. */
  async answer(request: HttpRequest, signal: AbortSignal): Promise<HttpResponse | HttpStream> {
    if (request.path === "/" && (request.method === "GET" || request.method === "HEAD")) return plain(200, welcome);
    if (request.method !== "POST") return methodNotAllowed(request.method);
    const encoding = encodingOf(headerValue(request.headers, "content-type"));
    if (encoding === undefined) return unsupportedMediaType(headerValue(request.headers, "content-type"));
    try {
      const described = this.#methodOf(request.path, encoding);
      const message = readMessage(described, encoding, request);
      const timeoutMs = readTimeout(request.headers);
      const metadata = metadataOf(request.headers);
      const { path, principal } = request;
      const call = { path, message, metadata, timeoutMs, principal };
      if (described.method.methodKind === "unary") return reply(described, encoding, await this.#call(call, signal));
      return await streamedReply(described, await this.#callStreaming!(call, signal));
    } catch (error) {
      return refusal(error);
    }
  }

  #methodOf(path: string, encoding: Encoding): DescribedMethod {
    const described = this.#methods().find(path);
    if (described === undefined) {
      throw new NoSuchPath(`No method is served at ${shortened(path)}; paths look like /package.Service/Method.`);
    }
    const { methodKind } = described.method;
    if (methodKind === "unary") return described;
    const isServed = this.#callStreaming !== undefined && methodKind !== "client_streaming";
    if (isServed && encoding === "json") return described;
    const advice = isServed ? ", or send application/json" : "";
    throw new GatewayError(
      "METHOD_NOT_FOUND",
      `${path.slice(1)} is a streaming method; call it with gRPC on this port${advice}.`,
    );
  }
}

/** HTTP tells a path that does not exist from a method that is not implemented; Connect's clients read the code in the body. */
class NoSuchPath extends GatewayError {
  constructor(message: string) {
    super("METHOD_NOT_FOUND", message);
  }
}

function encodingOf(contentType: string | undefined): Encoding | undefined {
  const [mediaType, ...parameters] = (contentType ?? "").toLowerCase().split(";");
  const charset = parameters.map((each) => each.trim()).find((each) => each.startsWith("charset="));
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) return undefined;
  if (mediaType?.trim() === "application/json") return "json";
  return mediaType?.trim() === "application/proto" ? "proto" : undefined;
}

function readMessage(described: DescribedMethod, encoding: Encoding, { headers, body }: HttpRequest): Uint8Array {
  const compression = headerValue(headers, "content-encoding") ?? "identity";
  if (compression !== "identity") {
    throw new GatewayError(
      "COMPRESSION_UNSUPPORTED",
      `content-encoding ${shortened(compression)} is not accepted; send identity.`,
    );
  }
  return encoding === "json" ? requestFromJson(described, body) : body;
}

function readTimeout(headers: HeaderList): number | undefined {
  const text = headerValue(headers, "connect-timeout-ms");
  if (text === undefined) return undefined;
  if (timeoutPattern.test(text)) return Number(text);
  throw new GatewayError("INVALID_FIELD", "connect-timeout-ms must be 1 to 10 digits: a time in milliseconds.", {
    fieldViolations: [{ field: "connect-timeout-ms", description: "must be 1 to 10 digits" }],
  });
}

function metadataOf(headers: HeaderList): HeaderList {
  const metadata: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    if (!httpFields.has(headers[at]!)) metadata.push(headers[at]!, headers[at + 1]!);
  }
  return metadata;
}

function reply(described: DescribedMethod, encoding: Encoding, response: UnaryResponse): HttpResponse {
  const trailers = response.trailers.map((text, at) => (at % 2 === 0 ? `trailer-${text}` : text));
  const metadata = [...response.headers, ...trailers];
  if (response.code !== 0) {
    const body = connectErrorBody({ code: response.code, message: response.statusMessage, details: response.details });
    return { status: httpStatusOf(response.code), headers: ["content-type", "application/json", ...metadata], body };
  }
  const body = encoding === "json" ? responseToJson(described, response.message) : response.message;
  return { status: 200, headers: ["content-type", `application/${encoding}`, ...metadata], body };
}

/** An answer that failed before its first message looks like that of a unary call. */
async function streamedReply(
  described: DescribedMethod,
  response: StreamingResponse,
): Promise<HttpResponse | HttpStream> {
  const messages = response.messages[Symbol.asyncIterator]();
  const first = await messages.next();
  const { code, statusMessage: message, details } = response.status();
  if (first.done === true && code !== 0) {
    const body = connectErrorBody({ code, message, details });
    return { status: httpStatusOf(code), headers: ["content-type", "application/json", ...response.headers], body };
  }
  const headers = ["content-type", "application/x-ndjson", ...response.headers];
  return { status: 200, headers, lines: linesOf(described, first, messages, response) };
}

async function* linesOf(
  described: DescribedMethod,
  first: IteratorResult<Uint8Array>,
  messages: AsyncIterator<Uint8Array>,
  response: StreamingResponse,
): AsyncGenerator<string> {
  for (let next = first; next.done !== true; next = await messages.next()) {
    yield `${responseToJson(described, next.value)}\n`;
  }
  const { code, statusMessage: message, details } = response.status();
  if (code !== 0) yield `{"error":${connectErrorBody({ code, message, details })}}\n`;
}

/** How a request is answered that became no call. */
export function refusal(error: unknown): HttpResponse {
  const { httpStatus, body } = connectErrorOf(statusOf(error));
  const headers = ["content-type", "application/json"];
  if (error instanceof GatewayError && error.reason === "COMPRESSION_UNSUPPORTED")
    headers.push("accept-encoding", "identity");
  return { status: error instanceof NoSuchPath ? 404 : httpStatus, headers, body };
}

function methodNotAllowed(method: string): HttpResponse {
  const response = plain(405, `${shortened(method)} is not served here; call methods with POST.\n`);
  return { ...response, headers: [...response.headers, "allow", "POST"] };
}

function unsupportedMediaType(contentType: string | undefined): HttpResponse {
  const given =
    contentType === undefined ? "No content-type was given" : `content-type ${shortened(contentType)} is not accepted`;
  const response = plain(415, `${given}; send application/json, application/proto or application/grpc.\n`);
  return { ...response, headers: [...response.headers, "accept-post", "application/json, application/proto"] };
}

function plain(status: number, body: string): HttpResponse {
  return { status, headers: ["content-type", "text/plain; charset=utf-8"], body };
}

/** What a caller sent is quoted back, but not at any length. */
function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
