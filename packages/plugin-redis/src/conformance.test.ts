import { fileURLToPath } from "node:url";
import { redis, sharedAddress } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { afterAll } from "vitest";
import { redisPlugin } from "./plugin.js";
import { driftsOf } from "./testing/drifts.js";

const url = sharedAddress(redis, process.env);
const { drifts, close } = driftsOf(url);
afterAll(close);

describeConformance({
  plugin: redisPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  // Every write is synced, and many cases write at once: a busy disk may keep Redis silent for seconds. outage.test.ts is about that.
  settings: () => ({ url, command_timeout: "20s" }),
  drifts,
});
