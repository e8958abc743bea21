import type { Message, Placed } from "@prism-data/pattern-sdk";
import type { Scheduled } from "./expiry-queue.js";
import { keptSizeBytes } from "./kept-message.js";

/** What a queue takes for a message beside what keeping it takes, as measured: heaps and maps, its state, ids. */
const queueOverheadBytes = 512;

/** Where a message of a queue is. */
export type MessageState =
  | { readonly kind: "ready"; readonly place: Placed<StoredMessage> }
  | { readonly kind: "delayed"; readonly due: Scheduled<StoredMessage> }
  | { readonly kind: "leased"; readonly deliveryId: string; readonly due: Scheduled<StoredMessage> }
  | { readonly kind: "dead"; readonly number: number; readonly diedAtMs: number; readonly cause: string }
  /** Acknowledged, or too old. */
  | { readonly kind: "gone" };

/** A message of a queue. */
export interface StoredMessage {
  /** Tells which of two messages was sent first. */
  readonly sequence: number;
  readonly message: Message;
  readonly sentAtMs: number;
  readonly sizeBytes: number;
  deliveryCount: number;
  /** That of the last rejection; `""`: there was none. */
  lastCause: string;
  state: MessageState;
  /** When the message is too old. `undefined`: never, or it was found to be and has a lease. */
  retention: Scheduled<StoredMessage> | undefined;
}

/** The bytes that a message counts for, its overhead among them. */
export function storedSizeBytes(message: Message): number {
  return keptSizeBytes(message) + queueOverheadBytes;
}
