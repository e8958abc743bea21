import { delimiter, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backends, configOf, namespaceOn } from "./backends.ts";
import { clientSteps } from "./client-steps.ts";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { protoFolder, repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const module = `${repositoryRoot}/tests/acceptance/clients/go`;
// The generators, and the Go that was installed if the machine's own is missing or too old.
const tools = [`${toolchainFolder}/python/bin`, `${toolchainFolder}/bin`, `${repositoryRoot}/node_modules/.bin`];
const environment = { PATH: [...tools, process.env.PATH].join(delimiter) };

let prism: PrismProcess;
let built: TemporaryFolder;

beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf(backends) });
  built = await createTemporaryFolder();
  const packages = ["keyvalue", "idempotency"].flatMap((name) => ["--path", `${protoFolder}/prism/${name}`]);
  await succeed("buf", ["generate", protoFolder, ...packages]);
  await succeed("go", ["build", "-o", join(built.path, "client"), "."]);
});
afterAll(async () => {
  await prism[Symbol.asyncDispose]();
  await built[Symbol.asyncDispose]();
});

async function succeed(program: string, given: readonly string[]): Promise<void> {
  const { code, stderr } = await runCommand(program, given, { folder: module, environment });
  if (code !== 0) throw new Error(`${program} ${given.join(" ")}: ${stderr}`);
}

test.each(backends)("Go's grpc-go takes every step on $name", async (backend) => {
  const { code, stdout, stderr } = await runCommand(join(built.path, "client"), [prism.listen, namespaceOn(backend)]);
  expect({ code, stderr, steps: stdout.toString().trim().split("\n") }).toEqual({
    code: 0,
    stderr: "",
    steps: clientSteps,
  });
});
