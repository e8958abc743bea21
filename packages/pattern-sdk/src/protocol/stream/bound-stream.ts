import type { StreamTypes } from "../../patterns/stream/stream-kind.js";
import type { BoundNamespace } from "../pattern/bound-namespace.js";

/** A namespace of the stream pattern. */
export type BoundStream = BoundNamespace<StreamTypes>;
