import type { Broken } from "../../suite-proof.js";
import type { ReferenceParts } from "./reference-plugin.js";
import type { ReferenceQueue } from "./reference-queue.js";

/** A plugin on queues that break one promise. */
export type BrokenQueue = Broken & ReferenceParts;

/** Every capability, and every namespace on a queue of this class. */
export function broken(does: string, caughtBy: string, Queue: typeof ReferenceQueue): BrokenQueue {
  return { does, caughtBy, Queue };
}
