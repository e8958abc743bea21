import type { Broken } from "../../suite-proof.js";
import type { ReferenceParts } from "./reference-plugin.js";
import type { ReferencePubSub } from "./reference-pub-sub.js";

/** A plugin that breaks one promise. */
export type BrokenPubSub = Broken & ReferenceParts;

/** Every capability, and every namespace of this class. */
export function broken(does: string, caughtBy: string, PubSub: new () => ReferencePubSub): BrokenPubSub {
  return { does, caughtBy, makePubSub: () => new PubSub() };
}
