import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kafka, nats, postgres, redis, sharedServer } from "../servers/own-server.ts";
import { eventually } from "./eventually.ts";
import { type RunningCommand, runCommand, startCommand } from "./prism-command.ts";
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

const withinMs = 60_000;

/** What the tour prints, pattern by pattern. */
const tourShows = [
  /^\{"plan":"free"\}/m,
  /"found":true,"ttl":"1[78]\d\d/,
  /^\d:\d+\tada\t\{"page":"\/"\}$/m,
  /^PARTITION +EARLIEST +NEXT +COMMITTED +LAG$/m,
  /"caughtUp":true/,
  /\t\{"resize":17\}$/m,
  /\tto ada$/m,
  /"ready":"0","leased":"0"/,
  /^1 row affected$/m,
  /^id {2}owner {2}balance\n 1 {2}Ada {8}100$/m,
  /^n {2}price\n1 {2}19\.90\n2 {2}39\.80$/m,
  /"rows":\[\{"values":\[\{"text":"Ada"\}\]\}\]/,
];

/** The full example, on the servers of this run. */
function fullConfig(): string {
  const addresses = [
    ["redis://127.0.0.1:6379", sharedServer(redis)],
    ["nats://127.0.0.1:4222", sharedServer(nats)],
    ["postgres://postgres@127.0.0.1:5432/postgres", sharedServer(postgres)],
    ["127.0.0.1:9092", sharedServer(kafka)],
  ] as const;
  const example = readFileSync(join(repositoryRoot, "examples/prism.full.yaml"), "utf8");
  return addresses.reduce((text, [written, here]) => {
    expect(text).toContain(written);
    return text.replace(written, here);
  }, example);
}

const freePorts = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];

let prism: PrismProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({ arguments: freePorts });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** The README names the default ports; a test's proxy has others. */
const onProxy = ({ listen, admin }: PrismProcess, text: string) =>
  text.replaceAll("localhost:8980", listen).replaceAll("localhost:8981", admin);
const onThisProxy = (text: string) => onProxy(prism, text);

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

describe("the tour of the patterns", () => {
  const [start, ...rest] = blocks("A tour of the patterns", "sh");
  let full: PrismProcess;

  beforeAll(async () => {
    full = await PrismProcess.start({ config: fullConfig(), arguments: freePorts });
  });
  afterAll(() => full[Symbol.asyncDispose]());

  const shell = (block: string) => ["-e", "-c", onProxy(full, block)];
  const options = () => ({
    folder: repositoryRoot,
    environment: { PRISM_SERVER: full.listen, PRISM_ADMIN: full.admin },
    endedWithinMs: withinMs,
  });

  test("begins with the servers and the configuration that this test has", () => {
    expect(start).toBe("bin/prism stack up\nbin/prism serve -c examples/prism.full.yaml\n");
  });

  test("finds all namespaces bound", async () => {
    const ready = await (await fetch(`http://${full.admin}/readyz?verbose`)).text();
    expect(ready).toMatch(/^ready$/m);
  });

  test("runs as written, and shows what it says", { timeout: 3 * withinMs }, async () => {
    await using stack = new AsyncDisposableStack();
    const staying: RunningCommand[] = [];
    let shown = "";
    for (const block of rest) {
      if (block.startsWith("# until Ctrl-C\n")) {
        // The shell gives way to the command, so that Ctrl-C meets it.
        const command = stack.use(startCommand("sh", shell(block.replace("\n", "\nexec ")), options()));
        staying.push(command);
        await eventually("it has begun", withinMs, () => /subscribed|"started"/.test(command.stdout + command.stderr));
        continue;
      }
      const { code, stdout, stderr } = await runCommand("sh", shell(block), options());
      expect({ block, code, stderr }).toMatchObject({ code: 0 });
      shown += stdout;
    }
    const [subscriber, curl] = staying;
    await eventually("the subscribers have it", withinMs, () =>
      [subscriber?.stdout.includes("football.final\tmatch-7\t2:1"), curl?.stdout.includes('"Mjox"')].every(Boolean),
    );
    for (const line of curl!.stdout.trimEnd().split("\n")) JSON.parse(line);
    for (const part of tourShows) expect(shown).toMatch(part);
  });
});
