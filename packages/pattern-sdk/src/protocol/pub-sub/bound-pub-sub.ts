import type { PubSubTypes } from "../../patterns/pub-sub/pub-sub-kind.js";
import type { BoundNamespace } from "../pattern/bound-namespace.js";

/** A namespace of the pub-sub pattern. */
export type BoundPubSub = BoundNamespace<PubSubTypes>;
