import { randomBytes } from "node:crypto";
import type { ClientReadableStream } from "@grpc/grpc-js";
import { GrpcClient } from "./grpc-client.ts";

export interface GetAnswer {
  readonly found: boolean;
  readonly value: Buffer;
  readonly etag: string;
}

export interface SetOptions {
  readonly ttl?: { readonly seconds: number };
  readonly ifAbsent?: true;
  readonly ifEtag?: string;
  readonly idempotencyToken?: object;
  readonly timeoutMs?: number;
}

// What a call of a test may take unless the test is about time.
const defaultTimeoutMs = 10_000;

/** One app of one namespace, on a connection of its own. */
export class KeyValueClient implements Disposable {
  readonly namespace: string;
  readonly #client: GrpcClient;

  constructor(address: string, namespace: string) {
    this.namespace = namespace;
    this.#client = new GrpcClient(address, "prism.keyvalue.v1.KeyValueService");
  }

  call<T>(method: string, request: object, timeoutMs = defaultTimeoutMs): Promise<T> {
    return this.#client.unary(method, { namespace: this.namespace, ...request }, timeoutMs);
  }

  /** Leaves the deadline to the namespace. */
  callWithoutDeadline<T>(method: string, request: object): Promise<T> {
    return this.#client.unary(method, { namespace: this.namespace, ...request }, Number.POSITIVE_INFINITY);
  }

  get(key: string, timeoutMs?: number): Promise<GetAnswer> {
    return this.call("Get", { key }, timeoutMs);
  }

  /** The value as text; `undefined` when the key is not there. */
  async text(key: string, timeoutMs?: number): Promise<string | undefined> {
    const { found, value } = await this.get(key, timeoutMs);
    return found ? value.toString() : undefined;
  }

  set(key: string, value: string | Uint8Array, { timeoutMs, ...options }: SetOptions = {}): Promise<{ etag: string }> {
    return this.call("Set", { key, value: Buffer.from(value), ...options }, timeoutMs);
  }

  delete(key: string): Promise<{ existed: boolean }> {
    return this.call("Delete", { key });
  }

  exists(key: string): Promise<{ exists: boolean }> {
    return this.call("Exists", { key });
  }

  watch(prefix: string, timeoutMs = defaultTimeoutMs): ClientReadableStream<unknown> {
    return this.#client.serverStream("Watch", { namespace: this.namespace, prefix }, timeoutMs);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** A token that makes a write safe to repeat, made as apps are told to. */
export function newIdempotencyToken(): object {
  const nowUs = Math.floor((performance.timeOrigin + performance.now()) * 1_000);
  return {
    time: { seconds: Math.floor(nowUs / 1_000_000), nanos: (nowUs % 1_000_000) * 1_000 },
    nonce: randomBytes(16),
  };
}
