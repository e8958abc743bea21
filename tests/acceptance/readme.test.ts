import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const readme = readFileSync(join(repositoryRoot, "README.md"), "utf8");

/** The fenced blocks of a language that stand in the README under a heading. */
function blocks(heading: string, language: string): string[] {
  const section = readme.split(/^## /m).find((part) => part.startsWith(heading)) ?? "";
  return [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter((match) => match[1] === language)
    .map((match) => match[2] ?? "");
}

let prism: PrismProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({ arguments: ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"] });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** The README names the default ports; the test's proxy has others. */
const onThisProxy = (text: string) =>
  text.replaceAll("localhost:8980", prism.listen).replaceAll("localhost:8981", prism.admin);

test("the tour of the README runs as written, and shows what was stored", async () => {
  const [tour] = blocks("Five minutes", "sh");
  const { code, stdout, stderr } = await runCommand("sh", ["-e", "-c", onThisProxy(tour ?? "exit 1")], {
    folder: repositoryRoot,
    environment: { PRISM_SERVER: prism.listen, PRISM_ADMIN: prism.admin },
  });
  expect({ code, stderr }).toMatchObject({ code: 0 });
  const shown = stdout.toString();
  expect(shown).toContain('"value":"aGVsbG8="');
  expect(shown).toContain("hello");
  expect(shown).toMatch(/user:1/);
  expect(shown).toContain('[+]namespace "profile" bound');
});

test("the Python of the README runs as written, with stubs made as it says", async () => {
  await using folder = await createTemporaryFolder();
  const python = `${toolchainFolder}/python/bin/python`;
  const generate = /`(python -m grpc_tools\.protoc [^`]+)`/.exec(readme)?.[1] ?? "exit 1";
  const here = generate.replace("python ", `${python} `).replaceAll("=.", `=${folder.path}`);
  expect(await runCommand("sh", ["-c", here], { folder: repositoryRoot })).toMatchObject({ code: 0 });

  const script = join(folder.path, "tour.py");
  await writeFile(script, onThisProxy(blocks("Five minutes", "python")[0] ?? "raise SystemExit(1)"));
  const { code, stdout, stderr } = await runCommand(python, [script]);
  expect({ code, stderr, printed: stdout.toString().trim() }).toEqual({ code: 0, stderr: "", printed: "b'Ada L.'" });
});

test("the configuration of the README is without a mistake", async () => {
  await using folder = await createTemporaryFolder();
  await writeFile(join(folder.path, "prism.yaml"), blocks("Five minutes", "yaml")[0] ?? "");
  const { code, stderr } = await runCommand(`${repositoryRoot}/bin/prism`, ["check"], { folder: folder.path });
  expect({ code, stderr }).toMatchObject({ code: 0 });
});
