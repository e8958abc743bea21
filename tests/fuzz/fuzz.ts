import * as fc from "fast-check";
import { inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** How long `make fuzz` lets each property run; 0: the short run of `make test`. */
    fuzzSeconds: number;
  }
}

/** The short run: seconds for all properties together, and always the same inputs. */
const shortRuns = 300;
const shortSeed = 1;

/** Holds the property to many inputs. A failure prints the smallest input that it found: keep it as a row of a table test. */
export async function holds<T extends [unknown, ...unknown[]]>(property: fc.IAsyncProperty<T>): Promise<void> {
  const seconds = inject("fuzzSeconds");
  await fc.assert(
    property,
    seconds === 0
      ? { numRuns: shortRuns, seed: shortSeed }
      : { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: 1000 * seconds, markInterruptAsFailure: false },
  );
}

/** The bytes cut at any places: how a network may deliver them. */
export function chunked(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((left, right) => left - right);
  return [0, ...places].map((start, at) => bytes.subarray(start, places[at] ?? bytes.length));
}

export const cuts = fc.array(fc.nat(), { maxLength: 20 });

export const bytesOf = (maxLength: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
