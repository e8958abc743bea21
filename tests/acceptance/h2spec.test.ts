import { expect, test } from "vitest";
import { runCommand, runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { toolchainFolder } from "./repository.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

/** How long a case may wait for what it expects. */
const caseTimeoutSeconds = 2;

// Nothing is served at `/`, where h2spec asks, but the answer has a body, as its cases on half-closed streams need.
test.each([
  ["in plaintext", {}, []],
  ["over TLS", { tls: { cert_file: "certs/server.pem", key_file: "certs/server.key" } }, ["--tls", "--insecure"]],
])("every case of h2spec's strict suite passes on the data port, %s", async (_, config, options) => {
  await using folder = await createTemporaryFolder();
  await runPrism(["certs"], { folder: folder.path });
  await using prism = await PrismProcess.start({ config, folder: folder.path });
  const [host = "", port = ""] = prism.listen.split(":");
  const { code, stdout } = await runCommand(`${toolchainFolder}/bin/h2spec`, [
    "--strict",
    ...options,
    ...["--timeout", String(caseTimeoutSeconds), "--host", host, "--port", port],
  ]);
  const report = stdout.toString().replaceAll("\0", "");
  const [, failures = ""] = report.split("\nFailures:");
  expect(failures).toBe("");
  expect(report).toMatch(/^146 tests, 146 passed, 0 skipped, 0 failed$/m);
  expect(code).toBe(0);
});
