export { type ClientOf, type ConformanceCase, conformanceCases } from "./conformance-case.js";
export { type ConformanceOptions, describeConformance } from "./describe-conformance.js";
export { KeyValueClient } from "./key-value/key-value-client.js";
export { KeyValueSubject } from "./key-value/key-value-subject.js";
export { PatternClient } from "./pattern-client.js";
export { casesFor, type PatternSuite, type Probe, restartCasesFor } from "./pattern-suite.js";
export { patternSuites } from "./pattern-suites.js";
export { type BindOptions, type Placement, type StartedPlugin, Subject, type SubjectOptions } from "./subject.js";
