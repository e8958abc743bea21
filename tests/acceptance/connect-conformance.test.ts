import { afterAll, beforeAll, expect, test } from "vitest";
import { buildGoPlugin } from "./go-plugin.ts";
import type { GoProgram } from "./go-program.ts";
import { runCommand } from "./prism-command.ts";
import { repositoryRoot, toolchainFolder } from "./repository.ts";

const folder = `${repositoryRoot}/tests/acceptance/connect-conformance`;
// The cases take 10 s; a busy machine starts eight processes first.
const endedWithinMs = 120_000;

let plugin: GoProgram;
beforeAll(async () => {
  plugin = await buildGoPlugin();
});
afterAll(() => plugin?.[Symbol.asyncDispose]());

// Over TLS the suite has fewer cases: those that do not ask for plaintext.
test.each([
  ["over plaintext", "h2c.yaml", 370],
  ["over TLS", "tls.yaml", 190],
])(
  "connectrpc's conformance suite for gRPC passes %s, before grpc-go's server of it",
  async (_, config, passed) => {
    const knownFailing = ["--known-failing", "@known-failing.txt"];
    const server = [process.execPath, "server-under-test.ts", plugin.path];
    const { code, stdout, stderr } = await runCommand(
      `${toolchainFolder}/bin/connectconformance`,
      ["--mode", "server", "--conf", config, ...knownFailing, "--", ...server],
      { folder, endedWithinMs },
    );
    expect(stdout.toString().concat(stderr)).toContain(
      `${passed} passed, 0 failed\n(Another 4 failed as expected due to being known failures/flakes.)`,
    );
    expect(code).toBe(0);
  },
  endedWithinMs,
);
