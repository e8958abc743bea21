import {
  type ClientDuplexStream,
  type ClientUnaryCall,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { echoProto, foreignPluginFolder } from "./foreign-plugin.ts";

interface Text {
  readonly text: string;
}

/** What the plugin remembers of a call. */
export interface RememberedCall {
  readonly state: "CALL_STATE_UNSPECIFIED" | "CALL_STATE_RUNNING" | "CALL_STATE_ENDED";
  /** How long the call still had when it came; not there without a deadline. */
  readonly timeoutSeconds?: number;
}

/** A unary call that was answered, with all that came beside the message. */
export interface EchoAnswer extends Text {
  readonly headers: Metadata;
  readonly trailers: Metadata;
}

interface CallOptions {
  readonly metadata?: Metadata;
  readonly timeoutMs?: number;
}

const definition = loadSync(echoProto, { includeDirs: [foreignPluginFolder], enums: String, defaults: false });
const { EchoService } = (loadPackageDefinition(definition) as { acme: { echo: { v1: GrpcObject } } }).acme.echo.v1;

// What a call of a test may take unless the test is about time.
const defaultTimeoutMs = 10_000;

interface ClientOptions {
  /**
   * Whether a call is made once more that the server never saw, because the connection ended in between. Other clients of gRPC
   * always do that (gRFC A6), grpc-js only along with its retries. Default: false, so that tests see each answer of the proxy.
   */
  readonly repeatsUnseen?: boolean;
}

/** An app of the echo service, on a connection of its own. */
export class EchoClient implements Disposable {
  readonly #client: InstanceType<ServiceClientConstructor>;

  constructor(address: string, { repeatsUnseen = false }: ClientOptions = {}) {
    this.#client = new (EchoService as ServiceClientConstructor)(address, credentials.createInsecure(), {
      // Its own connection: clients of the same address would share one.
      "grpc.use_local_subchannel_pool": 1,
      "grpc.enable_retries": repeatsUnseen ? 1 : 0,
    });
  }

  echo(text: string, options: CallOptions = {}): Promise<EchoAnswer> {
    return new Promise((resolve, reject) => {
      let headers = new Metadata();
      let answer: Text;
      const call = this.#unary<Text>("Echo", { text }, options, (error, received) => {
        if (error) reject(error);
        else answer = received;
      });
      call.on("metadata", (received) => {
        headers = received;
      });
      call.on("status", ({ metadata }) => resolve({ ...answer, headers, trailers: metadata }));
    });
  }

  chat({ metadata = new Metadata(), timeoutMs = defaultTimeoutMs }: CallOptions = {}): ClientDuplexStream<Text, Text> {
    return this.#client.Chat?.(metadata, { deadline: Date.now() + timeoutMs }) as ClientDuplexStream<Text, Text>;
  }

  /** Begins a call that is never answered. `onEnd` hears how it fails. */
  hold(options: CallOptions, onEnd: (error: Error | null) => void): ClientUnaryCall {
    return this.#unary("Hold", {}, options, onEnd);
  }

  findCall(requestId: string): Promise<RememberedCall> {
    return new Promise((resolve, reject) => {
      this.#unary<RememberedCall>("FindCall", { requestId }, {}, (error, answer) => {
        if (error) reject(error);
        // What is at its default is not sent.
        else resolve({ ...answer, state: answer.state ?? "CALL_STATE_UNSPECIFIED" });
      });
    });
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }

  #unary<T>(
    method: string,
    request: object,
    { metadata = new Metadata(), timeoutMs = defaultTimeoutMs }: CallOptions,
    onEnd: (error: Error | null, answer: T) => void,
  ): ClientUnaryCall {
    return this.#client[method]?.(request, metadata, { deadline: Date.now() + timeoutMs }, onEnd) as ClientUnaryCall;
  }
}

/** Metadata with these values; those of names that end in -bin are bytes. */
export function metadataOf(values: Readonly<Record<string, string | Buffer>>): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(values)) metadata.set(name, value);
  return metadata;
}
