import { cp } from "node:fs/promises";
import { basename, delimiter, join } from "node:path";
import { runCommand } from "./prism-command.ts";
import { protoFolder, repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

// The generators, and the Go that was installed if the machine's own is missing or too old.
const tools = [`${toolchainFolder}/python/bin`, `${toolchainFolder}/bin`, `${repositoryRoot}/node_modules/.bin`];
const environment = { PATH: [...tools, process.env.PATH].join(delimiter) };

// A machine that is busy with other builds; a quiet one needs 2 s.
const builtWithinMs = 120_000;

/** A compiled Go program that goes with the test. */
export interface GoProgram extends AsyncDisposable {
  readonly path: string;
}

export interface GoProgramSource {
  /** The folder of its module. */
  readonly module: string;
  /** The folders below `proto/prism` that its stubs are generated from. */
  readonly protos: readonly string[];
}

/** Generates and compiles in a copy, so that two test files can do so at once. */
export async function buildGoProgram({ module, protos }: GoProgramSource): Promise<GoProgram> {
  const folder = await createTemporaryFolder();
  const path = join(folder.path, "program");
  await cp(module, folder.path, { recursive: true, filter: (source) => basename(source) !== "gen" });
  const packages = protos.flatMap((name) => ["--path", `${protoFolder}/prism/${name}`]);
  await succeed("buf", ["generate", protoFolder, ...packages], folder.path);
  await succeed("go", ["build", "-o", path, "."], folder.path);
  return { path, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

async function succeed(program: string, given: readonly string[], folder: string): Promise<void> {
  const { code, stderr } = await runCommand(program, given, { folder, environment, endedWithinMs: builtWithinMs });
  if (code !== 0) throw new Error(`${program} ${given.join(" ")}: ${stderr}`);
}
