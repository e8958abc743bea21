import type { OutgoingMessage, StreamingServerCall } from "@prism-data/transport";
import type { Outlet, Room } from "../../patterns/messaging/outlet.js";
import { answersOf } from "./answers-of.js";
import { CallWriter } from "./call-writer.js";
import { answerBytesTarget, answerMessagesMax } from "./messaging-bounds.js";

/** What the transport is given at once. */
const answerRoom: Room = { items: answerMessagesMax, bytes: answerBytesTarget };

/** How one pattern's items become answers. */
export interface OutletCodec<T> {
  sizeBytesOf(item: T): number;
  /** One answer with these items, in order. */
  encode(items: readonly T[]): OutgoingMessage;
}

/** What an app may hold without giving it back. */
export interface Allowance<T> {
  /** What is left; `undefined`: nothing. */
  readonly room: Room | undefined;
  /** Counts one more item. False, and not counted: it does not fit now. */
  add(sizeBytes: number, item: T): boolean;
}

/** What an outlet works with. */
export interface OutletOptions<T> extends OutletCodec<T> {
  readonly call: StreamingServerCall;
  /** Ends the waiting for room, with its reason. */
  readonly signal: AbortSignal;
  /** What the app may hold without giving it back. Default: only its reading counts. */
  readonly outstanding?: Allowance<T> | undefined;
  /** Whether items wait for `open`, because something else goes first. Default: they do not. */
  readonly isClosed?: boolean;
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
  readonly #writer: CallWriter;
  #held: T[] = [];
  #isOpen: boolean;
  /** Fulfilled when there may be room again, or none ever. */
  #change: PromiseWithResolvers<void> | undefined;

  constructor(options: OutletOptions<T>) {
    this.#options = options;
    this.#writer = new CallWriter(options.call, () => this.#wake());
    this.#isOpen = options.isClosed !== true;
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
    if (!this.#options.signal.aborted) this.#writer.write(answer);
  }

  /** Lets the items follow that wait for it. */
  open(): void {
    this.#isOpen = true;
    this.freed();
  }

  /** Items were given back: there may be room again. */
  freed(): void {
    if (this.#options.signal.aborted) return;
    this.#passOn();
    this.#wake();
  }

  /** Forgets the items among those held here that the app is not to get any more. */
  withdraw(isWithdrawn: (item: T) => boolean): void {
    this.#held = this.#held.filter((item) => !isWithdrawn(item));
  }

  /** Sends what fits; the rest stays held. */
  #passOn(): void {
    if (!this.#isOpen) return;
    const { encode, sizeBytesOf } = this.#options;
    const fitting = this.#held.slice(0, this.#countFitting());
    for (const answer of answersOf(fitting, sizeBytesOf)) this.#writer.write(encode(answer));
    this.#held = this.#held.slice(fitting.length);
  }

  #countFitting(): number {
    const { outstanding, sizeBytesOf } = this.#options;
    if (outstanding === undefined) return this.#held.length;
    const firstHeld = this.#held.findIndex((item) => !outstanding.add(sizeBytesOf(item), item));
    return firstHeld < 0 ? this.#held.length : firstHeld;
  }

  #wake(): void {
    this.#change?.resolve();
    this.#change = undefined;
  }

  #roomNow(): Room | undefined {
    if (this.#writer.isBlocked || this.#held.length > 0) return undefined;
    const { outstanding } = this.#options;
    const room = outstanding === undefined ? answerRoom : outstanding.room;
    return room && { items: Math.min(room.items, answerRoom.items), bytes: Math.min(room.bytes, answerRoom.bytes) };
  }
}
