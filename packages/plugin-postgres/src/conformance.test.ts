import { fileURLToPath } from "node:url";
import { postgres, sharedAddress } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { postgresPlugin } from "./plugin.js";

const url = sharedAddress(postgres, process.env);

describeConformance({
  plugin: postgresPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  settings: () => ({ url }),
});
