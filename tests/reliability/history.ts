import { failureOf } from "../acceptance/error-details.ts";

/** How an operation ended, as far as the app knows. */
export type Ending<Output> =
  | { readonly kind: "done"; readonly output: Output }
  /** It had no effect, and the answer says why. */
  | { readonly kind: "refused"; readonly reason: string }
  /** It had an effect, will have one, or never has. */
  | { readonly kind: "unknown"; readonly reason: string };

/** One call of an app, as the app saw it. Times are of one clock, in ms since 1970. */
export interface Operation<Input = unknown, Output = unknown> {
  readonly process: number;
  readonly input: Input;
  readonly startMs: number;
  readonly endMs: number;
  readonly ending: Ending<Output>;
}

/** The answers to a write that say that it was not made. */
const refusals = new Set(["ETAG_MISMATCH", "KEY_EXISTS", "LEASE_LOST", "TRANSACTION_CONFLICT"]);

/** The present, on the clock of all histories but those of leases, which end by the clock of the machine. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** Makes a call, and writes down what the app knows of it. Throws what is no answer of Prism. */
export async function observe<Input, Output>(
  process: number,
  input: Input,
  call: () => Promise<Output>,
): Promise<Operation<Input, Output>> {
  const startMs = nowMs();
  const ending = await endingOf(call);
  return { process, input, startMs, endMs: nowMs(), ending };
}

async function endingOf<Output>(call: () => Promise<Output>): Promise<Ending<Output>> {
  try {
    return { kind: "done", output: await call() };
  } catch (error) {
    const { code, reason } = failureOf(error);
    if (refusals.has(reason)) return { kind: "refused", reason };
    return { kind: "unknown", reason: reason || code };
  }
}

/** The same, where a crash at that time made a backend forget: nobody is owed what began before. */
export function sinceCrash<T extends Operation>(operations: readonly T[], crashMs: number): T[] {
  return operations.map((operation) =>
    operation.startMs < crashMs ? { ...operation, ending: { kind: "unknown", reason: "crash" } } : operation,
  );
}
