import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalServer, nats } from "@prism-data/local-servers";
import { describeConformance } from "@prism-data/pattern-sdk/conformance";
import { afterAll } from "vitest";
import { natsPlugin } from "./plugin.js";

/**
 * The suite kills the plugin and not the server, so syncing each message to the disk proves nothing here, and many cases at once would
 * wait for the disk alone. A server that syncs is killed in outage.test.ts.
 */
const server = await LocalServer.start(nats, { environment: process.env, arguments: withoutSync });
afterAll(() => server[Symbol.asyncDispose]());

/** Of two files with settings the server reads the last. */
function withoutSync(folder: string): readonly string[] {
  const file = join(folder, "without-sync.conf");
  writeFileSync(file, `jetstream { store_dir: ${JSON.stringify(join(folder, "data"))} }\n`);
  return ["--config", file];
}

describeConformance({
  plugin: natsPlugin,
  entry: fileURLToPath(new URL("../bundle/main.js", import.meta.url)),
  settings: () => ({ url: server.url }),
});
