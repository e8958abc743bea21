/** One header of a message. */
export interface Header {
  /** 1 to 128 bytes of UTF-8; does not start with `prism-`. A name may stand more than once, and the order counts. */
  readonly name: string;
  /** Any bytes. */
  readonly value: Uint8Array;
}

/**
 * A message, checked by the SDK. It must reach its readers as it is, byte for byte.
 *
 * `payload` and header values are views into the request, which nobody else uses: a plugin may keep them, and with them the whole
 * request. Nobody may write into them.
 */
export interface Message {
  /** 1 to 128 bytes of UTF-8: the sender's, or made by the SDK. */
  readonly id: string;
  /** 0 to 1,024 bytes of UTF-8; `""`: none. */
  readonly key: string;
  /** Up to 64, of up to 32 KiB together. */
  readonly headers: readonly Header[];
  /** Up to 256 bytes of UTF-8; `""`: not said. */
  readonly contentType: string;
  /** 0 bytes to the namespace's limit. */
  readonly payload: Uint8Array;
}

/** What an acknowledged message may still meet: once or not at all · again until it is acknowledged. */
export type DeliveryPromise = "at-most-once" | "at-least-once";

/** In which order messages reach one reader, as long as none is delivered again. Source: `prism.message.v1.OrderingPromise`. */
export type OrderingPromise = "none" | "per-key" | "per-partition" | "per-publisher" | "total";
