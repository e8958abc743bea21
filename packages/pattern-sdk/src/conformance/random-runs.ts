import assert from "node:assert/strict";
import type { Arbitrary } from "fast-check";
import { modelRun } from "./model-run.js";

/** How many random steps a case makes. */
const stepsDefault = 300;

/** The longest sequence: long enough to meet itself, short enough to be understood when it fails. */
const stepsPerRunMax = 30;

/** How long a sequence that failed may be made shorter. */
const shrinkMsMax = 20_000;

/** The package, where it is installed: an optional peer, as only the tests of plugins need it. */
export type FastCheck = typeof import("fast-check");

/**
 * Makes sequences of random steps and runs each: some hundreds of steps in all, or as many as PRISM_MODEL_STEPS says in the
 * environment, with a new seed or that of PRISM_MODEL_SEED. Throws an `AssertionError` with the seed and the shortest sequence
 * that was found to fail.
 */
export async function runRandomSteps<Step>(
  stepOf: (fc: FastCheck) => Arbitrary<Step>,
  run: (steps: readonly Step[]) => Promise<void>,
): Promise<void> {
  const fc = await import("fast-check");
  const { steps, seed } = modelRun(stepsDefault);
  const sequences = fc.array(stepOf(fc), { minLength: stepsPerRunMax / 2, maxLength: stepsPerRunMax });
  const numRuns = Math.ceil(steps / stepsPerRunMax);
  let failedAtMs: number | undefined;
  const property = fc.asyncProperty(sequences, async (sequence) => {
    // What passes is not made shorter: that is how the search ends.
    if (failedAtMs !== undefined && performance.now() > failedAtMs + shrinkMsMax) return;
    try {
      await run(sequence);
    } catch (error) {
      failedAtMs ??= performance.now();
      throw error;
    }
  });
  const details = await fc.check(property, { numRuns, seed });
  if (!details.failed) return;
  const { counterexample, errorInstance } = details;
  const what = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  assert.fail(`with PRISM_MODEL_SEED=${seed}, after ${fc.stringify(counterexample)}: ${what}`);
}
