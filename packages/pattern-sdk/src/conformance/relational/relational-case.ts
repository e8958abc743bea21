import type { RelationalCapability } from "../../patterns/relational/relational-capabilities.js";
import { type ConformanceCase, conformanceCases } from "../conformance-case.js";
import type { RelationalSubject } from "./relational-subject.js";

/** Something that every relational plugin must do, or every one that declares the capabilities that it needs. */
export type RelationalCase = ConformanceCase<RelationalSubject>;

/** Makes the cases of one group; each runs on a fresh namespace. */
export const casesOf = conformanceCases<RelationalSubject, RelationalCapability>;
