// A plugin of the SDK without the proxy: the same process that Prism runs, called by whoever knows its token.
import { join } from "node:path";
import { PluginClient, parseHandshake, pluginSocketEnv } from "@prism-data/pattern-sdk/protocol";
import { GrpcClient } from "@prism-data/transport";
import { benchFile, startProgram } from "../programs.mjs";
import { namespace } from "../requests.mjs";

/** How Prism starts Node.js for a plugin. */
const nodeOptions = ["--initial-old-space-size=64"];

/** Starts plugin-memstore and binds the namespace, as the proxy would. */
export async function startSdkPlugin({ folder }, cpu) {
  const main = benchFile("../packages/plugin-memstore/bundle/main.js");
  const env = { ...process.env, [pluginSocketEnv]: join(folder, "plugin.sock") };
  const program = await startProgram([process.execPath, ...nodeOptions, main], { cpu, env });
  const { socket, token } = parseHandshake(program.firstLine);
  const credentials = { authorization: `Bearer ${token}` };
  const client = await GrpcClient.connect({ path: socket }, { metadata: Object.entries(credentials) });
  const plugin = new PluginClient(client);
  await plugin.configure({ backend: "bench", settings: {}, dataDir: folder, workingDir: folder });
  await plugin.bind({ namespace, pattern: "key-value", needs: [], needsGiven: false, planOnly: false, durability: 0 });
  await client.close();
  return {
    endpoint: { path: socket, headers: { ...credentials, "prism-namespace": namespace } },
    processes: { store: [program.pid] },
    stop: program.stop,
  };
}
