/** What became of one entry of a batch: its result, or the error that it alone met. */
export type BatchResult<T> =
  | { readonly ok: true; readonly result: T }
  | { readonly ok: false; readonly error: unknown };
