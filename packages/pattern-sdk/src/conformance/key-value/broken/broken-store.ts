import { setTimeout as pause } from "node:timers/promises";
import type { Broken } from "../../suite-proof.js";
import type { ReferenceParts } from "./reference-plugin.js";
import type { ReferenceStore } from "./reference-store.js";

/** A plugin on stores that break one promise. */
export type BrokenStore = Broken & ReferenceParts;

/** Every capability, and every namespace on a store of this class. */
export function broken(does: string, caughtBy: string, Store: new () => ReferenceStore): BrokenStore {
  return { does, caughtBy, makeStore: () => new Store() };
}

/** Lets every other call that waits run: what a round trip to a data system does. */
export function roundTrip(): Promise<void> {
  return pause(2);
}
