/** What became of one entry of a batch: its result, or the error that it alone met. */
export type BatchResult<T> =
  | { readonly ok: true; readonly result: T }
  | { readonly ok: false; readonly error: unknown };

/** What becomes of an answer, as an entry of a batch: it alone fails when its answer does. Never rejects. */
export async function settled<T>(answer: PromiseLike<T>): Promise<BatchResult<T>> {
  try {
    return { ok: true, result: await answer };
  } catch (error) {
    return { ok: false, error };
  }
}
