import { fileURLToPath } from "node:url";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { sqlitePlugin } from "./plugin.js";
import { drifts } from "./testing/drifts.js";

describeConformance({
  plugin: sqlitePlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  // Relative to the folder that the suite makes for each start.
  settings: () => ({ path: "./data/prism.db" }),
  drifts,
});
