import {
  type Client,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
} from "@grpc/grpc-js";
import { protos } from "./protos.ts";

const { KeyValueService } = (
  loadPackageDefinition(protos) as unknown as { prism: { keyvalue: { v1: Record<string, ServiceClientConstructor> } } }
).prism.keyvalue.v1;

// gRPC's standard way to live with restarts (gRFC A6): what was certainly not processed is sent again, to whoever is there.
const serviceConfig = {
  loadBalancingConfig: [{ round_robin: {} }],
  methodConfig: [
    {
      name: [{ service: "prism.keyvalue.v1.KeyValueService" }],
      waitForReady: true,
      retryPolicy: {
        maxAttempts: 5,
        initialBackoff: "0.05s",
        maxBackoff: "1s",
        backoffMultiplier: 2,
        retryableStatusCodes: ["UNAVAILABLE"],
      },
    },
  ],
};

const callTimeoutMs = 30_000;

/** An app of several proxies, with @grpc/grpc-js's own round robin, retries and waiting for a connection. */
export class RetryingClient implements Disposable {
  readonly #client: InstanceType<ServiceClientConstructor>;

  constructor(addresses: readonly string[]) {
    if (KeyValueService === undefined) throw new Error("proto/ has no KeyValueService");
    this.#client = new KeyValueService(`ipv4:${addresses.join(",")}`, credentials.createInsecure(), {
      "grpc.service_config": JSON.stringify(serviceConfig),
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 500,
    });
  }

  call(method: string, request: object): Promise<object> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + callTimeoutMs };
      this.#client[method]?.(
        request,
        new Metadata({ waitForReady: true }),
        options,
        (error: Error | null, answer: object) => {
          if (error) reject(error);
          else resolve(answer);
        },
      );
    });
  }

  [Symbol.dispose](): void {
    (this.#client as Client).close();
  }
}
