import type { Awaitable } from "../../awaitable.js";
import type { CallContext } from "../../call-context.js";
import type { BatchResult } from "../batch-result.js";
import type { Message, OrderingPromise } from "../messaging/message.js";
import type { Outlet } from "../messaging/outlet.js";

/** A place in a log. Offsets of one partition only grow, not always by one: 0 to 2^63 - 1. */
export interface Position {
  readonly partition: number;
  readonly offset: bigint;
}

/** One record of a log. */
export interface StreamRecord extends Position {
  /** The record as it was appended. */
  readonly message: Message;
  /** When it was accepted, in ms since the Unix epoch. Never falls within a partition. */
  readonly appendedAtMs: number;
}

/** Where to begin. */
export type ReadStart =
  /** The oldest record that is there. */
  | { readonly kind: "earliest" }
  /** After the newest record that is there now. */
  | { readonly kind: "latest" }
  /**
   * The record with this offset, or the next there is. Below what retention has left: throw `offsetOutOfRangeError`, which says where the
   * partition begins. A gap that compaction has left is no error.
   */
  | { readonly kind: "offset"; readonly offset: bigint }
  /** The first record appended at this time or later, in ms since the Unix epoch, maybe with a fraction. Capability `replay_by_time`. */
  | { readonly kind: "time"; readonly timeMs: number };

/** Asks to read. */
export interface ReadRequest {
  /** `undefined`: all partitions, each in its own order. The SDK has checked that it exists. */
  readonly partition?: number | undefined;
  readonly start: ReadStart;
  /** The most records to read. `undefined`: no bound. */
  readonly limit?: bigint | undefined;
  /** Whether to wait for more at the end. False: return at the end that the log had when the call began. */
  readonly follow: boolean;
}

/** Where a plugin puts the records that it reads. */
export interface RecordOutlet extends Outlet<StreamRecord> {
  /** Call once, when the reader has all that the log held when it began (and, with `follow`, goes on). */
  caughtUp(): void;
}

/** Joins a group. */
export interface JoinRequest {
  /** 1 to 128 bytes of UTF-8, any character. */
  readonly group: string;
  /**
   * Where a partition begins in which the group has committed nothing and no member has begun yet: from then on the group has a
   * place there, so that whoever takes over gets again what was delivered.
   */
  readonly start: { readonly kind: "earliest" } | { readonly kind: "latest" };
}

/** Where a plugin puts what a member of a group is told. */
export interface MemberOutlet extends Outlet<StreamRecord> {
  /**
   * Says which partitions the member has from now on. Call it before the first record, and on each change; records of other
   * partitions must not follow.
   */
  assigned(partitions: readonly number[]): void;
  /** Ends the membership with an error that the plugin cannot mend by itself. */
  failed(error: unknown): void;
}

/** A member of a group, for as long as its app stays. */
export interface GroupMember {
  /**
   * Commits everything up to these positions; returns when that is durable. A partition that the member does not have any more is
   * ignored, and so is a position below what is committed. Returns the positions that counted.
   */
  commit(positions: readonly Position[], context: CallContext): Awaitable<readonly Position[]>;
  /** Leaves at once: the others take over its partitions without waiting for a timeout. Commits nothing. */
  leave(): Awaitable<void>;
}

/** What one partition holds. */
export interface PartitionDescription {
  readonly partition: number;
  /** The offset of the oldest record; equals `nextOffset` when there is none. */
  readonly earliestOffset: bigint;
  /** Above every record's offset; what is appended next gets this or more. */
  readonly nextOffset: bigint;
  /** The last record that the group has committed. `undefined`: none. */
  readonly committedOffset?: bigint | undefined;
  /** How many records there are after `committedOffset`. There exactly if a group was asked for. */
  readonly lag?: bigint | undefined;
}

/** What the log holds. */
export interface StreamDescription {
  readonly partitions: readonly PartitionDescription[];
  readonly ordering: OrderingPromise;
}

/** What the operator may set for one log: `options` of its namespace. The SDK's schema `streamOptions(capabilities)` parses it. */
export interface StreamOptions {
  /**
   * 1 to 1,000, default 1. More than 1 only with capability `partitions`. Fixed when the namespace is made: another number later
   * is refused, more excepted when `growable`.
   */
  readonly partitions: number;
  /** Whether a log that has fewer partitions gets more. Capability `growth`. `undefined`: no. */
  readonly growable?: boolean | undefined;
  /** Records older than this are deleted, in ms. Capability `retention`. `undefined`: they stay. */
  readonly retentionMs?: number | undefined;
  /** The oldest records of a partition are deleted above so many bytes. Capability `retention`. `undefined`: they stay. */
  readonly retentionBytes?: number | undefined;
  /** Older records of a key are deleted once a newer one is there; an empty payload deletes the key. Capability `compaction`. */
  readonly compaction: boolean;
}

/**
 * The stream pattern on one namespace, which is one log.
 *
 * The SDK has checked every request. Methods run concurrently. Each may throw `GatewayError`; anything else becomes `INTERNAL`.
 */
export interface Stream {
  /** How many partitions the log has; does not change while the namespace is bound. */
  readonly partitions: number;
  /**
   * Appends records, those of one partition in order; one result each. The partition is `partitionOf(key)` of the SDK, or the
   * data system's own choice when there is no key. Returns when they are as durable as the plugin declares.
   */
  append(records: readonly Message[], context: CallContext): Awaitable<readonly BatchResult<Position>[]>;
  /** Reads into `outlet` until the end, the limit, or `context.signal` is aborted. */
  read(request: ReadRequest, outlet: RecordOutlet, context: CallContext): PromiseLike<void>;
  /** Says what the log holds, and how far a group has come. */
  describe(group: string | undefined, context: CallContext): Awaitable<StreamDescription>;
  /**
   * Capability `groups`. Joins a group, and delivers into `outlet` until `leave`. Every partition has one member at a time;
   * records that were delivered and not committed are delivered again, to whoever has the partition then, from the last commit
   * on.
   */
  join?(request: JoinRequest, outlet: MemberOutlet, context: CallContext): Awaitable<GroupMember>;
}
