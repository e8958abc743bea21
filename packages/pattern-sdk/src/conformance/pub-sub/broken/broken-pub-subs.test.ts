import { describeSuiteProof } from "../../suite-proof.js";
import { pubSubSuite } from "../pub-sub-suite.js";
import { brokenPubSubs } from "./broken-pub-subs.js";
import { referencePlugin } from "./reference-plugin.js";

describeSuiteProof({ suite: pubSubSuite, reference: referencePlugin, broken: brokenPubSubs });
