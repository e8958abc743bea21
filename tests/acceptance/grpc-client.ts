import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { protos } from "./protos.ts";

/** One connection of @grpc/grpc-js to one service. */
export class GrpcClient implements Disposable {
  readonly #client: InstanceType<ServiceClientConstructor>;

  constructor(address: string, service: string) {
    const Client = service.split(".").reduce<unknown>(
      // loadPackageDefinition nests packages as objects.
      (scope, name) => (scope as Record<string, unknown>)[name],
      loadPackageDefinition(protos),
    ) as ServiceClientConstructor;
    this.#client = new Client(address, credentials.createInsecure(), {
      "grpc.max_receive_message_length": 16 * 1024 * 1024,
      // Its own connection: clients of the same address would share one.
      "grpc.use_local_subchannel_pool": 1,
      // A proxy that was down for a moment is tried again at once, so that the tests measure Prism and not grpc-js.
      "grpc.initial_reconnect_backoff_ms": 50,
      "grpc.max_reconnect_backoff_ms": 100,
      "grpc.enable_retries": 0,
    });
  }

  unary<T>(method: string, request: object, timeoutMs: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + timeoutMs };
      this.#client[method]?.(request, options, (error: Error | null, answer: T) => {
        if (error) reject(error);
        else resolve(answer);
      });
    });
  }

  serverStream<T>(method: string, request: object, timeoutMs: number): ClientReadableStream<T> {
    return this.#client[method]?.(request, { deadline: Date.now() + timeoutMs }) as ClientReadableStream<T>;
  }

  bidiStream<Q, S>(method: string, timeoutMs: number): ClientDuplexStream<Q, S> {
    return this.#client[method]?.({ deadline: Date.now() + timeoutMs }) as unknown as ClientDuplexStream<Q, S>;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
