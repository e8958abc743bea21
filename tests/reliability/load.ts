import type { Lane } from "./lane.ts";
import type { Verdict } from "./verdict.ts";

export interface LoadOptions {
  /** Where the proxy listens. */
  readonly address: string;
  readonly namespace: string;
  /** What the pattern can do on this backend, as far as its load depends on it. */
  readonly traits: Traits;
}

export interface Traits {
  /** Partitions of a stream, each of which can have a member of its own. Default: 1. */
  readonly partitions?: number;
  /** What comes before the number of a parameter in its SQL. Default: a question mark. */
  readonly parameterSign?: string;
}

/** Apps that use one namespace until they are told to finish. */
export interface Load extends AsyncDisposable {
  readonly lanes: readonly Lane[];
  /**
   * Writes no more, waits until everything is handled, and checks the whole history. A backend that forgets owes nothing from
   * before its last crash.
   */
  finish(owedSinceMs: number): Promise<Verdict>;
}

export type StartLoad = (options: LoadOptions) => Promise<Load>;
