import { fileURLToPath } from "node:url";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { redisPlugin } from "./plugin.js";
import { sharedRedisUrl } from "./testing/open-backend.js";

const url = sharedRedisUrl(process.env);

describeConformance({
  plugin: redisPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  settings: () => ({ url }),
});
