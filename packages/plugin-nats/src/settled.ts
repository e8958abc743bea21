import type { BatchResult } from "@prism-data/pattern-sdk";

/** What becomes of an answer, as a value: never rejects. */
export async function settled<T>(answer: Promise<T>): Promise<BatchResult<T>> {
  try {
    return { ok: true, result: await answer };
  } catch (error) {
    return { ok: false, error };
  }
}
