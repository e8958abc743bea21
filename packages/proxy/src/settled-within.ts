/** Waits for the promise, but no longer than the timeout. */
export async function settledWithin(promise: Promise<unknown>, timeoutMs: number): Promise<void> {
  const passed = Promise.withResolvers<void>();
  const timer = setTimeout(passed.resolve, timeoutMs);
  await Promise.race([promise, passed.promise]);
  clearTimeout(timer);
}
