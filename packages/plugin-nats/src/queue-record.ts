import { leaseEndedCause } from "@prism-data/pattern-sdk";

/**
 * What is known of a message beyond its body: whose it is now, and how often it was delivered. A message that was never received has no
 * record.
 *
 * - `leased` until `atMs`, to the delivery with the token `lease`
 * - `delayed` until `atMs`
 * - `ready`
 * - `dead` since `atMs`
 * - `done`: it was acknowledged or is too old, and counts no more
 */
export interface QueueRecord {
  readonly state: "leased" | "delayed" | "ready" | "dead" | "done";
  /** Of the app. */
  readonly messageId: string;
  readonly sizeBytes: number;
  readonly sentAtMs: number;
  readonly deliveryCount: number;
  /** In ms since the Unix epoch. 0: nothing happens at any time. */
  readonly atMs: number;
  readonly lease?: string | undefined;
  /** Of the last rejection. */
  readonly cause?: string | undefined;
}

/** A record, and where it is. */
export interface Known {
  /** The sequence of the message's body: names the message in its queue. */
  readonly number: number;
  /** The sequence of the record; 0: there is none on the server yet. */
  readonly version: number;
  readonly record: QueueRecord;
}

/** Whether the message may be received now. */
export function isReady({ state, atMs }: QueueRecord, nowMs: number): boolean {
  return state === "ready" || ((state === "leased" || state === "delayed") && atMs <= nowMs);
}

/** Whether a worker has it now. */
export function isLeased({ state, atMs }: QueueRecord, nowMs: number): boolean {
  return state === "leased" && atMs > nowMs;
}

/** The message is ready, now or later. */
export function readyRecord(record: QueueRecord, atMs = 0): QueueRecord {
  return { ...record, state: atMs === 0 ? "ready" : "delayed", atMs, lease: undefined };
}

export function deadRecord(record: QueueRecord, nowMs: number): QueueRecord {
  const cause = record.cause ?? leaseEndedCause(record.deliveryCount);
  return { ...record, state: "dead", atMs: nowMs, lease: undefined, cause };
}

export function doneRecord(record: QueueRecord, nowMs: number): QueueRecord {
  return { ...record, state: "done", atMs: nowMs, lease: undefined, cause: undefined };
}
