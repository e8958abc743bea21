export { describeKeyValueConformance, type KeyValueConformanceOptions } from "./describe-key-value-conformance.js";
export type { KeyValueCase } from "./key-value-case.js";
export { casesFor, keyValueCases, restartCasesFor } from "./key-value-cases.js";
export { KeyValueClient } from "./key-value-client.js";
export { KeyValueSubject, type Placement, type SubjectOptions } from "./key-value-subject.js";
