import type { BatchResult } from "@prism-data/pattern-sdk";

/** What became of one entry of a batch: it alone fails if it throws. */
export function attempt<T>(run: () => T): BatchResult<T> {
  try {
    return { ok: true, result: run() };
  } catch (error) {
    return { ok: false, error };
  }
}
