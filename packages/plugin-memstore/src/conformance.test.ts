import { fileURLToPath } from "node:url";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { memstorePlugin } from "./plugin.js";

describeConformance({
  plugin: memstorePlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
});
