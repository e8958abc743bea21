import type { OutgoingMessage, StreamingServerCall } from "@prism-data/transport";
import type { Outlet, Room } from "../../patterns/messaging/outlet.js";
import { answerBytesTarget, answerMessagesMax } from "./messaging-bounds.js";
import type { Outstanding } from "./outstanding.js";

/** What the transport is given at once. */
const answerRoom: Room = { items: answerMessagesMax, bytes: answerBytesTarget };

/** How one pattern's items become answers. */
export interface OutletCodec<T> {
  sizeBytesOf(item: T): number;
  /** One answer with these items, in order. */
  encode(items: readonly T[]): OutgoingMessage;
}

/** What an outlet works with. */
export interface OutletOptions<T> extends OutletCodec<T> {
  readonly call: StreamingServerCall;
  /** Ends the waiting for room, with its reason. */
  readonly signal: AbortSignal;
  /** What the app may hold without giving it back. Default: only its reading counts. */
  readonly outstanding?: Outstanding | undefined;
}

/**
 * Sends what a plugin reads to one app, at the pace at which the app takes it off the connection and, where there is such a bound,
 * gives it back.
 *
 * Invariant: never more is outstanding than the app allows. An item that does not fit is held here until it does, and as long as
 * one is held, `room` gives none.
 */
export class MessageOutlet<T> implements Outlet<T> {
  readonly #options: OutletOptions<T>;
  #held: T[] = [];
  /** Whether the transport has taken more than it can pass on. */
  #isBlocked = false;
  /** Fulfilled when there may be room again, or none ever. */
  #change: PromiseWithResolvers<void> | undefined;

  constructor(options: OutletOptions<T>) {
    this.#options = options;
    options.signal.addEventListener("abort", () => this.#wake(), { once: true });
  }

  async room(): Promise<Room> {
    for (;;) {
      this.#options.signal.throwIfAborted();
      const room = this.#roomNow();
      if (room !== undefined) return room;
      this.#change ??= Promise.withResolvers();
      await this.#change.promise;
    }
  }

  send(items: readonly T[]): void {
    if (this.#options.signal.aborted) return;
    this.#held = this.#held.length === 0 ? [...items] : [...this.#held, ...items];
    this.#passOn();
  }

  /** Sends an answer of another kind, in its place among the items. */
  tell(answer: OutgoingMessage): void {
    if (!this.#options.signal.aborted) this.#write(answer);
  }

  /** Items were given back: there may be room again. */
  freed(): void {
    if (this.#options.signal.aborted) return;
    this.#passOn();
    this.#wake();
  }

  /** Sends what fits; the rest stays held. */
  #passOn(): void {
    const { encode, sizeBytesOf } = this.#options;
    const fitting = this.#held.slice(0, this.#countFitting());
    for (const answer of answersOf(fitting, sizeBytesOf)) this.#write(encode(answer));
    this.#held = this.#held.slice(fitting.length);
  }

  #countFitting(): number {
    const { outstanding, sizeBytesOf } = this.#options;
    if (outstanding === undefined) return this.#held.length;
    const firstHeld = this.#held.findIndex((item) => !outstanding.add(sizeBytesOf(item)));
    return firstHeld < 0 ? this.#held.length : firstHeld;
  }

  #write(answer: OutgoingMessage): void {
    const { call } = this.#options;
    if (call.write(answer) || this.#isBlocked) return;
    this.#isBlocked = true;
    call.writable().then(
      () => {
        this.#isBlocked = false;
        this.#wake();
      },
      // The call has ended, which the signal tells.
      () => {},
    );
  }

  #wake(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  #roomNow(): Room | undefined {
    if (this.#isBlocked || this.#held.length > 0) return undefined;
    const { outstanding } = this.#options;
    const room = outstanding === undefined ? answerRoom : outstanding.room;
    return room && { items: Math.min(room.items, answerRoom.items), bytes: Math.min(room.bytes, answerRoom.bytes) };
  }
}

/** Splits items into answers of a moderate size; a larger item has one of its own. */
function* answersOf<T>(items: readonly T[], sizeBytesOf: (item: T) => number): Generator<readonly T[]> {
  let start = 0;
  let sizeBytes = 0;
  for (const [index, item] of items.entries()) {
    const itemBytes = sizeBytesOf(item);
    const isFull = index - start === answerMessagesMax || sizeBytes + itemBytes > answerBytesTarget;
    if (isFull && index > start) {
      yield items.slice(start, index);
      start = index;
      sizeBytes = 0;
    }
    sizeBytes += itemBytes;
  }
  if (start < items.length) yield items.slice(start);
}
