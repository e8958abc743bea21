import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { EchoClient } from "./echo-client.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { echoService, foreignPluginFolder } from "./foreign-plugin.ts";
import { readMetric } from "./metric.ts";
import { installPlugins, installTimeoutMs } from "./packed-packages.ts";
import { PrismProcess } from "./prism-process.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

// What the metrics show changes at once; a busy machine may take longer.
const noticedWithinMs = 5_000;

const config = {
  backends: {
    own: { plugin: "echo", settings: { greeting: "hello, " } },
    memory: { plugin: "memstore" },
  },
  namespaces: { demo: { pattern: "key-value", backend: "memory" } },
  services: { [echoService]: { backend: "own" } },
};

/** Installs the plugin, with the descriptors that its author would have built. */
async function installPlugin(folder: string): Promise<void> {
  await installPlugins(folder, ["tests/acceptance/plugins/node"]);
  const descriptors = join(folder, "node_modules/prism-plugin-echo/echo.binpb");
  await execa("buf", ["build", foreignPluginFolder, "-o", descriptors]);
}

describe("a service of a plugin that is written with the SDK", () => {
  let folder: TemporaryFolder;
  let prism: PrismProcess;
  let client: EchoClient;

  beforeAll(async () => {
    folder = await createTemporaryFolder();
    await installPlugin(folder.path);
    prism = await PrismProcess.start({ folder: folder.path, config });
    client = new EchoClient(prism.listen);
  }, installTimeoutMs);

  afterAll(async () => {
    client?.[Symbol.dispose]();
    await prism?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  test("answers a unary call", async () => {
    expect((await client.echo("app")).text).toBe("hello, app");
  });

  test("answers each message of a stream before the next is sent", async () => {
    const chat = client.chat();
    const answers = chat[Symbol.asyncIterator]();
    for (const text of ["one", "two"]) {
      chat.write({ text });
      expect((await answers.next()).value).toEqual({ text });
    }
    chat.end();
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test("fails with the handler's reason", async () => {
    expect(await failureFrom(client.echo(""))).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_FIELD" });
  });

  test("hears that its caller has given up", async () => {
    const callsInFlight = (count: number) => async () =>
      (await readMetric(prism.admin, "prism_plugin_calls_in_flight", 'backend="own"')) === count;
    const call = client.hold({}, () => undefined);
    await eventually("the call to be held", noticedWithinMs, callsInFlight(1));
    call.cancel();
    await eventually("the call to have ended in the plugin", noticedWithinMs, callsInFlight(0));
  });

  test("answers JSON", async () => {
    const response = await fetch(`http://${prism.listen}/${echoService}/Echo`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text: "curl" }),
    });
    expect(await response.json()).toEqual({ text: "hello, curl" });
  });

  test("is there again after a crash", async () => {
    const pid = await pluginPid(prism.admin, "own");
    process.kill(pid, "SIGKILL");
    await pluginPid(prism.admin, "own", pid);
    expect((await client.echo("again")).text).toBe("hello, again");
  });
});
