import { fileURLToPath } from "node:url";
import { describeKeyValueConformance } from "@prism-data/pattern-sdk/conformance";
import { memstorePlugin } from "./plugin.js";

describeKeyValueConformance({
  plugin: memstorePlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
});
