import { runCommand } from "./prism-command.ts";
import { protoFolder, repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const python = `${toolchainFolder}/python/bin/python`;

/** Where the plugin in Python is, and below it the proto file of its own service. */
export const foreignPluginFolder = `${repositoryRoot}/tests/acceptance/plugins/python`;

/** The service that the plugin brings along, and its proto file. */
export const echoService = "acme.echo.v1.EchoService";
export const echoProto = "acme/echo/v1/echo.proto";

const protosOfPlugin = [
  "prism/plugin/v1/plugin.proto",
  "prism/keyvalue/v1/keyvalue.proto",
  "prism/idempotency/v1/token.proto",
  "google/rpc/status.proto",
  "google/rpc/error_details.proto",
  echoProto,
];

/** A plugin in another language, ready to be configured as `command`. */
export interface ForeignPlugin extends AsyncDisposable {
  /** What the operator writes under `backends`; `flags` are those of plugin.py. */
  config(...flags: string[]): { readonly command: readonly string[] };
}

/** Generates the Python modules that the plugin needs into a folder that goes with it. */
export async function prepareForeignPlugin(): Promise<ForeignPlugin> {
  const modules = await createTemporaryFolder();
  const includes = [`-I${protoFolder}`, `-I${foreignPluginFolder}`];
  const out = [`--python_out=${modules.path}`, `--grpc_python_out=${modules.path}`];
  const { code, stderr } = await runCommand(python, [
    "-m",
    "grpc_tools.protoc",
    ...includes,
    ...out,
    ...protosOfPlugin,
  ]);
  if (code !== 0) throw new Error(`protoc ended with ${code}: ${stderr}`);
  return {
    config: (...flags) => ({ command: [python, `${foreignPluginFolder}/plugin.py`, modules.path, ...flags] }),
    [Symbol.asyncDispose]: () => modules[Symbol.asyncDispose](),
  };
}
