import type { BatchResult } from "@prism-data/pattern-sdk";

/** What became of one entry of a batch: it alone fails if its answer does. */
export async function settled<T>(answer: Promise<T>): Promise<BatchResult<T>> {
  try {
    return { ok: true, result: await answer };
  } catch (error) {
    return { ok: false, error };
  }
}
