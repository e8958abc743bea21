import type { KeyValueCapability } from "../../patterns/key-value/key-value-capabilities.js";
import { type ConformanceCase, conformanceCases } from "../conformance-case.js";
import type { KeyValueSubject } from "./key-value-subject.js";

/** Something that every key-value plugin must do, or every one that declares the capabilities that it needs. */
export type KeyValueCase = ConformanceCase<KeyValueSubject>;

/** Makes the cases of one group; each runs on a fresh namespace. */
export const casesOf = conformanceCases<KeyValueSubject, KeyValueCapability>;
