import { describeSuiteProof } from "../../suite-proof.js";
import { queueSuite } from "../queue-suite.js";
import { brokenQueues } from "./broken-queues.js";
import { referencePlugin } from "./reference-plugin.js";

describeSuiteProof({ suite: queueSuite, reference: referencePlugin, broken: brokenQueues });
