import type { Room } from "@prism-data/pattern-sdk";
import type { Entry } from "./delivery-window.js";

/** Where subscriptions take records from, each of which goes to one of them. */
export interface Feed {
  /** Waits for records and takes no more than there is room for. None: `signal` was aborted. */
  take(room: Room, signal: AbortSignal): Promise<readonly Entry[]>;
  /** Records were handled: returns when that is kept as well as it is to be. */
  finish(entries: readonly Entry[]): Promise<void>;
  /** Records were delivered and not handled: they are ready again, or given up. */
  fail(entries: readonly Entry[]): void;
  /** Records that were taken are ready again at once, and are not given up: nobody is there who could handle them. */
  release(entries: readonly Entry[]): void;
  /** Ends it. Rejects never. */
  close(): Promise<void>;
}
