import { GatewayError } from "@prism-data/pattern-sdk/protocol";
import { ChunkPacker } from "@prism-data/transport";
import type { ByteBudget } from "../data-path/byte-budget.js";
import { type HttpResponse, refusal } from "./transcoder.js";

export interface BodyLimits {
  /** The largest body of one request. */
  readonly bodyBytesMax: number;
  /** What all bodies together may take. */
  readonly budget: ByteBudget;
  /** How long one may take to arrive, and its answer to be read, in ms. */
  readonly requestTimeoutMs: number;
}

/** The body of one request while it comes in. `release` gives its bytes back to the budget, and must be called. */
export class HttpBody {
  readonly #limits: BodyLimits;
  readonly #chunks: Buffer[] = [];
  readonly #packer = new ChunkPacker();
  #sizeBytes = 0;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Copies the next bytes, which are only lent. Answers how to refuse the request when they are too many. */
  add(chunk: Buffer): HttpResponse | undefined {
    const { bodyBytesMax, budget } = this.#limits;
    if (this.#sizeBytes + chunk.length > bodyBytesMax) return bodyTooLarge(bodyBytesMax);
    if (!budget.tryTake(chunk.length)) return bodiesTooLarge();
    this.#sizeBytes += chunk.length;
    this.#packer.add(this.#chunks, chunk);
    return undefined;
  }

  /** All of it. */
  bytes(): Buffer {
    return this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
  }

  release(): void {
    this.#limits.budget.giveBack(this.#sizeBytes);
    this.#sizeBytes = 0;
    this.#chunks.length = 0;
  }
}

function bodyTooLarge(sizeBytesMax: number): HttpResponse {
  const text = `The request body is larger than ${sizeBytesMax} bytes; send less in one call.`;
  return refusal(new GatewayError("MESSAGE_TOO_LARGE", text));
}

/** The answer when the budget is used up. */
export function bodiesTooLarge(): HttpResponse {
  return refusal(new GatewayError("OVERLOADED", "The proxy holds as many bodies as it may; come again later."));
}

/** The answer to a request that did not arrive in time. */
export function requestTooSlow(): HttpResponse {
  return { ...refusal(new GatewayError("DEADLINE_EXCEEDED", "The request took too long to arrive.")), status: 408 };
}
