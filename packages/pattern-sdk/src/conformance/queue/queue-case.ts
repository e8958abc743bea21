import type { QueueCapability } from "../../patterns/queue/queue-capabilities.js";
import { conformanceCases } from "../conformance-case.js";
import type { QueueSubject } from "./queue-subject.js";

/** Makes the cases of one group; each runs on a fresh namespace. */
export const casesOf = conformanceCases<QueueSubject, QueueCapability>;
