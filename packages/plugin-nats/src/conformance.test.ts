import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LocalServer, nats } from "@prism-data/local-servers";
import { pubSubOptions } from "@prism-data/pattern-sdk";
import { casesFor, describeConformance, patternSuites } from "@prism-data/pattern-sdk/conformance";
import { afterAll, beforeAll, describe, test } from "vitest";
import { natsPlugin } from "./plugin.js";
import { coreNatsCapabilities } from "./pub-sub-binder.js";
import { driftsOf } from "./testing/drifts.js";

/**
 * The suite kills the plugin and not the server, so syncing each message to the disk proves nothing here, and many cases at once would
 * wait for the disk alone. A server that syncs is killed in outage.test.ts.
 */
const server = await LocalServer.start(nats, { environment: process.env, arguments: withoutSync });
const { drifts, close } = await driftsOf(server.url);
afterAll(async () => {
  await close();
  await server[Symbol.asyncDispose]();
});

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
  drifts,
});

/** The plugin as namespaces see it that need no more than core NATS has. */
const onCoreNats = {
  ...natsPlugin,
  patterns: {
    ...natsPlugin.patterns,
    "pub-sub": {
      ...natsPlugin.patterns["pub-sub"],
      capabilities: coreNatsCapabilities,
      options: pubSubOptions(coreNatsCapabilities),
    },
  },
};

describe("nats pub-sub on core NATS", { concurrent: true }, () => {
  const suite = patternSuites["pub-sub"];
  let subject: Awaited<ReturnType<typeof suite.start>>;
  beforeAll(async () => {
    const settings = { url: server.url };
    subject = await suite.start({ plugin: onCoreNats, placement: { kind: "in-process" }, settings });
  });
  afterAll(() => subject.stop());
  for (const one of casesFor(suite, coreNatsCapabilities)) test(one.name, () => one.run(subject));
});
