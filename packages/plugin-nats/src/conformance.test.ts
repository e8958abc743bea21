import { fileURLToPath } from "node:url";
import { nats, sharedAddress } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { natsPlugin } from "./plugin.js";

const url = sharedAddress(nats, process.env);

describeConformance({
  plugin: natsPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  // Every write is synced, and many cases write at once: a busy disk may keep NATS silent for seconds. outage.test.ts is about that.
  settings: () => ({ url, command_timeout: "20s" }),
});
