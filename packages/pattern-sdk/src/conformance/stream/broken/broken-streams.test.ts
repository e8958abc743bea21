import { describeSuiteProof } from "../../suite-proof.js";
import { streamSuite } from "../stream-suite.js";
import { groupStreams } from "./group-streams.js";
import { growthStreams } from "./growth-streams.js";
import { keptStreams } from "./kept-streams.js";
import { namespaceStreams } from "./namespace-streams.js";
import { readStreams } from "./read-streams.js";
import { recordStreams } from "./record-streams.js";
import { referencePlugin } from "./reference-plugin.js";

/** Each does one thing wrong: what the suite must be able to tell from a log that keeps its promises. */
const broken = [
  ...recordStreams,
  ...readStreams,
  ...groupStreams,
  ...keptStreams,
  ...growthStreams,
  ...namespaceStreams,
];

describeSuiteProof({ suite: streamSuite, reference: referencePlugin, broken });
