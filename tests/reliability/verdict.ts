/** Something that a check found, and when it happened. */
export interface Finding {
  readonly atMs: number;
  readonly what: string;
}

/** What a check found in a history. */
export interface Verdict {
  /** The writes, messages or records that were acknowledged. */
  readonly acknowledged: readonly Finding[];
  /** Those of them that are not there. Left out: nothing is promised of them. */
  readonly lost?: readonly Finding[];
  /** What came more than once, where it may. */
  readonly duplicated: readonly Finding[];
  /** What must never be. */
  readonly wrong: readonly Finding[];
}
