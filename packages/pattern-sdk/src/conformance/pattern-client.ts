import { type CallOptions, type ClientCall, type GrpcClient, GrpcError, type Metadata } from "@prism-data/transport";
import type { PatternKind } from "../patterns/pattern-kind.js";
import { decodeMessage, encodeMessage, type MessageType } from "../protocol/message.js";
import { gatewayErrorOf } from "../protocol/status.js";

/** How long a call may take before a case fails; far above what any call needs. */
const callTimeoutMs = 20_000;

/** Says over which connection the next call goes: another one after the plugin was restarted. */
export type Connection = () => GrpcClient;

/**
 * The service of one namespace, spoken to over the wire with the generated messages and nothing of the author's interfaces, so
 * that what is tested is what apps meet. Every method rejects with `GatewayError`, whose cause is the gRPC error. Each pattern
 * has a subclass with its methods.
 */
export class PatternClient {
  readonly namespace: string;
  readonly #service: string;
  readonly #connection: Connection;
  readonly #metadata: Metadata;

  constructor({ service }: PatternKind, connection: Connection, namespace: string) {
    this.#service = service;
    this.#connection = connection;
    this.namespace = namespace;
    this.#metadata = [["prism-namespace", encodeURIComponent(namespace)]];
  }

  /** Calls a method with a request as it stands, valid or not. */
  async call<Request, Response>(
    method: string,
    requestType: MessageType<Request>,
    responseType: MessageType<Response>,
    request: Request,
    options: CallOptions = {},
  ): Promise<Response> {
    const answer = await this.callBytes(method, encodeMessage(requestType, request), options);
    return decodeMessage(responseType, answer, `${this.#service}.${method}`);
  }

  /** Calls a method with the bytes of a request, valid or not. */
  async callBytes(method: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    try {
      return await this.#connection().unary(`/${this.#service}/${method}`, request, this.#optionsOf(options));
    } catch (error) {
      throw error instanceof GrpcError ? gatewayErrorOf(error) : error;
    }
  }

  /** Begins a call with a stream on either side. What it throws are gRPC errors. */
  stream(method: string, options: CallOptions = {}): ClientCall {
    return this.#connection().stream(`/${this.#service}/${method}`, this.#optionsOf(options));
  }

  #optionsOf(options: CallOptions): CallOptions {
    return { timeoutMs: callTimeoutMs, metadata: this.#metadata, ...options };
  }
}
