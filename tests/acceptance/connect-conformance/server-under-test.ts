// The server that connectrpc's conformance runner tests: Prism's data port, and behind it, in a plugin, grpc-go's server of
// the same suite. The runner writes what it needs to stdin, reads the address from stdout and ends it with SIGTERM.
//
// Usage: node server-under-test.ts PLUGIN, the Go plugin of these tests.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type PrismConfig, PrismProcess } from "../prism-process.ts";
import { toolchainFolder } from "../repository.ts";
import { createTemporaryFolder } from "../temporary-folder.ts";
import {
  decodeRequest,
  decodeResponse,
  delimit,
  encodeResponse,
  readDelimited,
  type ServerCompatRequest,
  withoutTls,
} from "./compat-messages.ts";

// The second is asked for and not served.
const services = ["connectrpc.conformance.v1.ConformanceService", "connectrpc.conformance.v1.UnknownService"];

interface GrpcGoServer extends AsyncDisposable {
  readonly address: string;
}

async function startGrpcGoServer(request: Uint8Array): Promise<GrpcGoServer> {
  const child = spawn(`${toolchainFolder}/bin/grpcserver`, { stdio: ["pipe", "pipe", "inherit"] });
  child.stdin.end(delimit(request));
  const { host, port } = decodeResponse(await readDelimited(child.stdout));
  return {
    address: `${host}:${port}`,
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "close");
      child.kill();
      await ended;
    },
  };
}

/** Writes the certificate that the runner gives beside the configuration. */
async function tlsConfig({ useTls, serverCreds }: ServerCompatRequest, folder: string): Promise<PrismConfig> {
  if (!useTls || serverCreds === undefined) return {};
  await writeFile(join(folder, "server.pem"), serverCreds.cert);
  await writeFile(join(folder, "server.key"), serverCreds.key);
  return { tls: { cert_file: "server.pem", key_file: "server.key" } };
}

const [plugin = ""] = process.argv.slice(2);
const requestBytes = await readDelimited(process.stdin);
const request = decodeRequest(requestBytes);
await using folder = await createTemporaryFolder();
await using server = await startGrpcGoServer(withoutTls(requestBytes));
const config: PrismConfig = {
  ...(await tlsConfig(request, folder.path)),
  backends: { go: { command: [plugin, "forward", server.address, ...services] } },
  services: Object.fromEntries(services.map((name) => [name, { backend: "go" }])),
};
await using prism = await PrismProcess.start({ config, folder: folder.path });
const [host = "", port = ""] = prism.listen.split(":");
const pemCert = request.useTls ? request.serverCreds?.cert : undefined;
process.stdout.write(delimit(encodeResponse({ host, port: Number(port), ...(pemCert && { pemCert }) })));
await once(process, "SIGTERM");
