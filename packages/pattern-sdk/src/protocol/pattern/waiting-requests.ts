import type { StreamingServerCall } from "@prism-data/transport";
import { messagesPerRequestMax } from "../messaging/messaging-bounds.js";
import type { Batch } from "./batch-method.js";

/** No more is asked of a store in one step because requests came together; a single request may hold more. */
const mergedBytesMax = 1_048_576;

/** Requests that are carried out together: the first one, and those behind it that have come by then. */
export class WaitingRequests<Item> {
  readonly batch: Batch<Item>;
  readonly #sizes: readonly number[];
  /** The request after them that is taken already and does not go with them; throws when it was wrong. */
  #next: (() => Batch<Item>) | undefined;
  readonly #read: (message: Uint8Array) => Batch<Item>;

  constructor(
    first: Batch<Item>,
    call: Pick<StreamingServerCall, "arrived">,
    read: (message: Uint8Array) => Batch<Item>,
  ) {
    this.#read = read;
    const batches = [first];
    let count = first.items.length;
    let sizeBytes = 0;
    for (;;) {
      const message = count < messagesPerRequestMax && sizeBytes < mergedBytesMax ? call.arrived() : undefined;
      if (message === undefined) break;
      const batch = this.#readLater(message);
      if (batch === undefined) break;
      if (batch.target !== first.target || count + batch.items.length > messagesPerRequestMax) {
        this.#next = () => batch;
        break;
      }
      batches.push(batch);
      count += batch.items.length;
      sizeBytes += message.length;
    }
    this.#sizes = batches.map(({ items }) => items.length);
    this.batch = batches.length === 1 ? first : { target: first.target, items: batches.flatMap(({ items }) => items) };
  }

  /** A mistake is told when all before it are answered. */
  #readLater(message: Uint8Array): Batch<Item> | undefined {
    try {
      return this.#read(message);
    } catch (error) {
      this.#next = () => {
        throw error;
      };
      return undefined;
    }
  }

  /** The results of each request. */
  *split<Result>(results: readonly Result[]): Iterable<readonly Result[]> {
    let at = 0;
    for (const size of this.#sizes) {
      yield at === 0 && size === results.length ? results : results.slice(at, at + size);
      at += size;
    }
  }

  /** The request after these, `undefined` at the end. */
  async following(next: () => Promise<IteratorResult<Uint8Array, undefined>>): Promise<Batch<Item> | undefined> {
    if (this.#next !== undefined) return this.#next();
    const { done, value } = await next();
    return done ? undefined : this.#read(value);
  }
}
