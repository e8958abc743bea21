import { afterAll, beforeAll, expect, test } from "vitest";
import { backends, configOf, namespaceOn } from "./backends.ts";
import { clientSteps } from "./client-steps.ts";
import { buildGoProgram, type GoProgram } from "./go-program.ts";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { repositoryRoot } from "./repository.ts";

let prism: PrismProcess;
let client: GoProgram;

beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf(backends) });
  client = await buildGoProgram({
    module: `${repositoryRoot}/tests/acceptance/clients/go`,
    protos: ["keyvalue", "idempotency"],
  });
});
afterAll(async () => {
  await prism?.[Symbol.asyncDispose]();
  await client?.[Symbol.asyncDispose]();
});

test.each(backends)("Go's grpc-go takes every step on $name", async (backend) => {
  const { code, stdout, stderr } = await runCommand(client.path, [prism.listen, namespaceOn(backend)]);
  expect({ code, stderr, steps: stdout.toString().trim().split("\n") }).toEqual({
    code: 0,
    stderr: "",
    steps: clientSteps,
  });
});
