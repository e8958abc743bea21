import { fileURLToPath } from "node:url";
import { redis, sharedAddress } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { redisPlugin } from "./plugin.js";

const url = sharedAddress(redis, process.env);

describeConformance({
  plugin: redisPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  settings: () => ({ url }),
});
