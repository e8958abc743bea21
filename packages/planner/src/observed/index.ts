export { writesPerPartition } from "../capacity/partitions.js";
export { type Advice, adviseBackend, adviseNamespace, partitionsFor } from "./advice.js";
export { processesFor } from "./processes.js";
export type { SeenBackend, SeenLog, SeenNamespace } from "./seen.js";
export { decideStep, noMemory, type Reading, type StepMemory, type StepPolicy } from "./steps.js";
