import { delimiter } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backends, configOf, namespaceOn } from "./backends.ts";
import { clientSteps } from "./client-steps.ts";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { protoFolder, repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const python = `${toolchainFolder}/python/bin/python`;
const protos = [
  "prism/keyvalue/v1/keyvalue.proto",
  "prism/idempotency/v1/token.proto",
  "google/rpc/status.proto",
  "google/rpc/error_details.proto",
];
let prism: PrismProcess;
let generated: TemporaryFolder;

beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf(backends) });
  generated = await createTemporaryFolder();
  const out = [`--python_out=${generated.path}`, `--grpc_python_out=${generated.path}`];
  const { code, stderr } = await runCommand(python, ["-m", "grpc_tools.protoc", `-I${protoFolder}`, ...out, ...protos]);
  expect({ code, stderr }).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await prism[Symbol.asyncDispose]();
  await generated[Symbol.asyncDispose]();
});

test.each(backends)("Python's grpcio takes every step on $name", async (backend) => {
  const script = `${repositoryRoot}/tests/acceptance/clients/python/client.py`;
  const modules = [generated.path, process.env.PYTHONPATH].filter(Boolean).join(delimiter);
  const { code, stdout, stderr } = await runCommand(python, [script, prism.listen, namespaceOn(backend)], {
    environment: { PYTHONPATH: modules },
  });
  expect({ code, stderr, steps: stdout.toString().trim().split("\n") }).toEqual({
    code: 0,
    stderr: "",
    steps: clientSteps,
  });
});
