import { fileURLToPath } from "node:url";
import { kafka, sharedAddress } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { afterAll } from "vitest";
import { kafkaPlugin } from "./plugin.js";
import { driftsOf } from "./testing/drifts.js";

const brokers = [sharedAddress(kafka, process.env)];
const { drifts, close } = await driftsOf(brokers);
afterAll(close);

describeConformance({
  plugin: kafkaPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  settings: () => ({ brokers, session_timeout: "3s" }),
  // A member that was killed is missed after its session.
  backgroundMs: 30_000,
  drifts,
});
