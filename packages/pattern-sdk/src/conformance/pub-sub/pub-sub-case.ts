import type { PubSubCapability } from "../../patterns/pub-sub/pub-sub-capabilities.js";
import { conformanceCases } from "../conformance-case.js";
import type { PubSubSubject } from "./pub-sub-subject.js";

/** Makes the cases of one group; each runs on a fresh namespace. */
export const casesOf = conformanceCases<PubSubSubject, PubSubCapability>;
