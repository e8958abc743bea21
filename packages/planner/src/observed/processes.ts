import type { Reading } from "./steps.js";

/** The part of a core from which one process is busy unless it is said: beyond it calls begin to wait for each other. */
export const busyCoreDefault = 0.7;

/** The part of that below which processes are too many: so far from it that one less is not one too few. */
const idleShare = 0.5;

/** How many processes of a plugin are right for the cores that they use together. Pure. */
export function processesFor(now: number, cores: number, busyCore: number): Reading {
  return {
    now,
    atLeast: Math.max(1, Math.ceil(cores / busyCore)),
    atMost: Math.max(1, Math.ceil(cores / (busyCore * idleShare))),
  };
}
