import { fileURLToPath } from "node:url";
import { describeKeyValueConformance } from "@prism-data/pattern-sdk/conformance";
import { sqlitePlugin } from "./plugin.js";

describeKeyValueConformance({
  plugin: sqlitePlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  // Relative to the folder that the suite makes for each start.
  settings: () => ({ path: "./data/prism.db" }),
});
