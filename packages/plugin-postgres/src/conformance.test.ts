import { fileURLToPath } from "node:url";
import { LocalServer, postgres } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { afterAll } from "vitest";
import { postgresPlugin } from "./plugin.js";
import { drifts } from "./testing/drifts.js";

/**
 * The suite kills the plugin and not the server, so syncing to the disk proves nothing here, and it makes some hundred databases, each of
 * some hundred files to sync. Servers that sync are killed in outage.test.ts.
 */
const server = await LocalServer.start(postgres, {
  environment: process.env,
  arguments: () => ["fsync=off", "full_page_writes=off"].flatMap((setting) => ["-c", setting]),
});
afterAll(() => server[Symbol.asyncDispose]());

describeConformance({
  plugin: postgresPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  // Making that many databases keeps the server from greeting anybody for seconds.
  settings: () => ({ url: server.url, connect_timeout: "20s" }),
  drifts,
});
