import type { RelationalTypes } from "../../patterns/relational/relational-kind.js";
import type { BoundNamespace } from "../pattern/bound-namespace.js";

/** A namespace of the relational pattern. */
export type BoundRelational = BoundNamespace<RelationalTypes>;
