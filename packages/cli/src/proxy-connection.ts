import { decodeMessage, encodeMessage, type MessageType } from "@prism-data/pattern-sdk/protocol";
import { type ClientTls, GrpcClient, GrpcError, grpcCodeName } from "@prism-data/transport";
import { callFailureOf } from "./call-failure.js";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";
import { OpenCall } from "./open-call.js";
import { formatServerAddress, type ServerAddress } from "./server-address.js";

/** A method of a service of the proxy. */
export interface Method<Request, Response> {
  /** Such as `/prism.keyvalue.v1.KeyValueService/Get`. */
  readonly path: string;
  readonly request: MessageType<Request>;
  readonly response: MessageType<Response>;
}

/** Makes the methods of one service, by its full name. */
export function methodsOf(service: string) {
  return <Request, Response>(
    name: string,
    request: MessageType<Request>,
    response: MessageType<Response>,
  ): Method<Request, Response> => ({ path: `/${service}/${name}`, request, response });
}

/** Where and how to call. */
export interface ConnectionOptions {
  readonly server: ServerAddress;
  /** `undefined`: plaintext. */
  readonly tls: ClientTls | undefined;
  /** How long connecting, and each call, may take. */
  readonly timeoutMs: number;
  /** Ends waiting calls. */
  readonly signal: AbortSignal;
  /** What to say when nothing answers at the address. */
  readonly advice: string;
}

/** A connection to a running proxy. Every failure is a `CommandFailure` that can be shown. */
export class ProxyConnection {
  readonly #client: GrpcClient;
  readonly #options: ConnectionOptions;

  private constructor(client: GrpcClient, options: ConnectionOptions) {
    this.#client = client;
    this.#options = options;
  }

  static async open(options: ConnectionOptions): Promise<ProxyConnection> {
    const { server, tls, timeoutMs, signal } = options;
    try {
      const client = await GrpcClient.connect(server, { tls, connectTimeoutMs: timeoutMs, signal });
      return new ProxyConnection(client, options);
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error;
      const facts = { code: grpcCodeName(error.code) };
      throw new CommandFailure(ExitCode.failed, `${error.message}; ${options.advice}`, { facts, cause: error });
    }
  }

  /** Makes one call, until interrupted. `tried` completes the sentence "could not …". */
  unary<Q, S>(method: Method<Q, S>, request: Q, tried: string): Promise<S> {
    return this.#unary(method, request, { tried, signal: this.#options.signal });
  }

  /** The same for a call that goes on when the command is interrupted: whoever made it must know what became of it. */
  finished<Q, S>(method: Method<Q, S>, request: Q, tried: string): Promise<S> {
    return this.#unary(method, request, { tried });
  }

  async #unary<Q, S>(
    method: Method<Q, S>,
    request: Q,
    { tried, ...options }: { tried: string; signal?: AbortSignal },
  ): Promise<S> {
    const { timeoutMs } = this.#options;
    try {
      const message = encodeMessage(method.request, request);
      const answer = await this.#client.unary(method.path, message, { timeoutMs, ...options });
      return decodeMessage(method.response, answer, method.path);
    } catch (error) {
      throw callFailureOf(error, `${tried} at ${formatServerAddress(this.#options.server)}`);
    }
  }

  /** Makes a call that is answered by many messages, for as long as they come, for `timeoutMs`, or until interrupted. */
  async *serverStream<Q, S>(
    method: Method<Q, S>,
    request: Q,
    tried: string,
    { timeoutMs }: { readonly timeoutMs?: number } = {},
  ): AsyncGenerator<S, void, undefined> {
    const call = this.#client.stream(method.path, { signal: this.#options.signal, timeoutMs });
    try {
      call.write(encodeMessage(method.request, request));
      call.end();
      for await (const message of call.messages()) yield decodeMessage(method.response, message, method.path);
    } catch (error) {
      if (this.#options.signal.aborted) return;
      throw callFailureOf(error, `${tried} at ${formatServerAddress(this.#options.server)}`);
    } finally {
      call.cancel();
    }
  }

  /** Opens a call with messages both ways. It goes on when the command is interrupted: whoever opens it ends it. */
  open<Q, S>(method: Method<Q, S>, tried: string): OpenCall<Q, S> {
    const failureOf = (error: unknown) =>
      callFailureOf(error, `${tried} at ${formatServerAddress(this.#options.server)}`);
    return new OpenCall(this.#client.stream(method.path), method, failureOf);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}
