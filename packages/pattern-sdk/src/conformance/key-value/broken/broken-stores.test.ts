import { describeSuiteProof } from "../../suite-proof.js";
import { keyValueSuite } from "../key-value-suite.js";
import { brokenStores } from "./broken-stores.js";
import { referencePlugin } from "./reference-plugin.js";

describeSuiteProof({ suite: keyValueSuite, reference: referencePlugin, broken: brokenStores });
