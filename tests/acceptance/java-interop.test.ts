import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildGoPlugin } from "./go-plugin.ts";
import type { GoProgram } from "./go-program.ts";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { repositoryRoot, toolchainFolder } from "./repository.ts";

const service = "grpc.testing.TestService";
const java = ["-cp", `${toolchainFolder}/grpc-java/*`];
// A JVM starts and 10 MiB go both ways, all on a busy machine.
const endedWithinMs = 60_000;

interface JavaServer extends AsyncDisposable {
  readonly address: string;
}

async function startJavaServer(): Promise<JavaServer> {
  const source = `${repositoryRoot}/tests/servers/grpc-java/InteropServer.java`;
  const child = spawn("java", [...java, source], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  return {
    address: String(line).trim(),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
    },
  };
}

// What only grpc-java's client has, besides what fails between it and its own server: client_compressed_unary,
// client_compressed_streaming and cacheable_unary.
describe("grpc-java's interop client, to grpc-java's TestService behind a plugin", () => {
  let server: JavaServer;
  let plugin: GoProgram;
  let prism: PrismProcess;
  beforeAll(async () => {
    [server, plugin] = await Promise.all([startJavaServer(), buildGoPlugin()]);
    const backends = { go: { command: [plugin.path, "forward", server.address, service] } };
    prism = await PrismProcess.start({ config: { backends, services: { [service]: { backend: "go" } } } });
  });
  afterAll(async () => {
    await prism?.[Symbol.asyncDispose]();
    await plugin?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  test.each([
    "client_compressed_unary_noprobe",
    "server_compressed_unary",
    "server_compressed_streaming",
    "very_large_request",
  ])(
    "%s passes",
    async (name) => {
      const [host, port] = prism.listen.split(":");
      const client = ["io.grpc.testing.integration.TestServiceClient", "--use_tls=false"];
      const given = [...java, ...client, `--server_host=${host}`, `--server_port=${port}`, `--test_case=${name}`];
      const { code, stderr } = await runCommand("java", given, { endedWithinMs });
      expect({ code, stderr }).toMatchObject({ code: 0 });
    },
    endedWithinMs,
  );
});
