/** How much a reader takes now. */
export interface Room {
  /** Items: 1 or more. */
  readonly items: number;
  /** Bytes of messages, at least 1; a first item that is larger is taken alone. */
  readonly bytes: number;
}

/**
 * Where a plugin puts what it reads for one app, at the pace of that app. One writer at a time:
 *
 *     while (!signal.aborted) outlet.send(await fetch(await outlet.room()));
 */
export interface Outlet<T> {
  /**
   * Waits until the app takes at least one more item. Rejects with the signal's reason when the call ends.
   * What is asked for here and not used is not lost: nothing is reserved.
   */
  room(): Promise<Room>;
  /** Passes items on, in order. Never blocks. At most what `room` said, or one item. No items: does nothing. */
  send(items: readonly T[]): void;
}
