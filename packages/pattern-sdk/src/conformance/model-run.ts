import { env } from "node:process";

/** How many random steps a case makes, and where they begin. */
export interface ModelRun {
  readonly steps: number;
  readonly seed: number;
}

/** PRISM_MODEL_STEPS in the environment asks for a longer run, PRISM_MODEL_SEED for one that failed. Default: a new seed each time. */
export function modelRun(stepsDefault: number): ModelRun {
  const { PRISM_MODEL_STEPS = stepsDefault, PRISM_MODEL_SEED = Math.floor(Math.random() * 2 ** 31) } = env;
  return { steps: Number(PRISM_MODEL_STEPS), seed: Number(PRISM_MODEL_SEED) };
}
