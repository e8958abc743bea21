import { fileURLToPath } from "node:url";
import { kafka, sharedAddress } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { kafkaPlugin } from "./plugin.js";

const brokers = [sharedAddress(kafka, process.env)];

describeConformance({
  plugin: kafkaPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  settings: () => ({ brokers, session_timeout: "3s" }),
  // A member that was killed is missed after its session.
  backgroundMs: 30_000,
});
