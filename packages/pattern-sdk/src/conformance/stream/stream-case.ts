import type { StreamCapability } from "../../patterns/stream/stream-capabilities.js";
import { type ConformanceCase, conformanceCases } from "../conformance-case.js";
import type { StreamSubject } from "./stream-subject.js";

/** Something that every stream plugin must do, or every one that declares the capabilities that it needs. */
export type StreamCase = ConformanceCase<StreamSubject>;

/** Makes the cases of one group; each runs on a fresh namespace with one partition. */
export const casesOf = conformanceCases<StreamSubject, StreamCapability>;
