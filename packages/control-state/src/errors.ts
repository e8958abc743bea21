export type ConflictProblem =
  /** It must not exist, but does. */
  | "exists"
  /** There is none. */
  | "missing"
  /** It was written since. */
  | "changed"
  /** It is deleted, and must be restored first. */
  | "deleted"
  /** It is not deleted, so there is nothing to restore or to purge. */
  | "not_deleted";

/** What stands in the way of a write. */
export interface Conflict {
  /** The namespace. */
  readonly name: string;
  readonly problem: ConflictProblem;
  /** The etag that it has now. `undefined`: there is none. */
  readonly etag: string | undefined;
}

export type ControlStateReason =
  /** Somebody else's write came first: read again and decide anew. */
  | "conflict"
  /** The store does not answer now. */
  | "unavailable"
  /** It answers, and what was asked for cannot be done there before an operator changes something. */
  | "invalid"
  /** Whoever asked gave up before the write began. */
  | "aborted";

/** What an error of a store means here, and what to do about it. */
export interface Translation {
  readonly reason: ControlStateReason;
  readonly advice: string;
}

export interface ControlStateErrorOptions extends ErrorOptions {
  /** With `conflict`: all that stand in the way. None: the revision was another one. */
  readonly conflicts?: readonly Conflict[];
  /** With `unavailable`: whether the writes may have been done all the same. Reading tells. Default: they were not. */
  readonly mayBeDone?: boolean;
}

/** Why the control state did not do what it was asked for. The message says what was tried, on what, and what to do. */
export class ControlStateError extends Error {
  readonly reason: ControlStateReason;
  readonly conflicts: readonly Conflict[];
  readonly mayBeDone: boolean;

  constructor(reason: ControlStateReason, message: string, options: ControlStateErrorOptions = {}) {
    const { conflicts = [], mayBeDone = false, ...rest } = options;
    super(message, rest);
    this.name = "ControlStateError";
    this.reason = reason;
    this.conflicts = conflicts;
    this.mayBeDone = mayBeDone;
  }
}

export function stateClosed(place: string): ControlStateError {
  return new ControlStateError("unavailable", `The control state ${place} is closed.`);
}

export function writeAbandoned(place: string): ControlStateError {
  return new ControlStateError("aborted", `The write to the control state ${place} was given up before it began.`);
}
