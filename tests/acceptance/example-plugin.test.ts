import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { failureFrom } from "./error-details.ts";
import { KeyValueClient, newIdempotencyToken } from "./key-value-client.ts";
import { installPlugins, installSdk, installTimeoutMs } from "./packed-packages.ts";
import { PrismProcess } from "./prism-process.ts";
import { repositoryRoot } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const example = join(repositoryRoot, "examples/plugin-files");

// The install, then some seconds of suite; more on a busy machine.
const timeout = installTimeoutMs + 120_000;

const config = {
  backends: { notebook: { plugin: "files", settings: { folder: "./data" } } },
  namespaces: {
    notes: { pattern: "key-value", backend: "notebook" },
    "notes/other": { pattern: "key-value", backend: "notebook" },
  },
};

describe("the example plugin, packed and installed with npm", () => {
  let folder: TemporaryFolder;
  let prism: PrismProcess;
  let notes: KeyValueClient;

  beforeAll(async () => {
    folder = await createTemporaryFolder();
    await installPlugins(folder.path, ["examples/plugin-files"]);
    prism = await PrismProcess.start({ folder: folder.path, config });
    notes = new KeyValueClient(prism.listen, "notes");
  }, installTimeoutMs);

  afterAll(async () => {
    notes?.[Symbol.dispose]();
    await prism?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  test("says in its package.json what it says when it is run with --describe", async () => {
    const program = join(folder.path, "node_modules/.bin/prism-plugin-files");
    const { stdout } = await execa(process.execPath, [program, "--describe"]);
    const { version, prism: described } = JSON.parse(await readFile(join(example, "package.json"), "utf8"));
    expect(JSON.parse(stdout)).toEqual({ version, ...described });
  });

  test("keeps a key between its set and its delete", async () => {
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    expect(await notes.exists("k")).toEqual({ exists: false });
    const { etag } = await notes.set("k", value);
    const answer = await notes.get("k");
    expect(answer).toMatchObject({ found: true, etag });
    expect(answer.value.equals(value)).toBe(true);
    expect(await notes.exists("k")).toEqual({ exists: true });
    expect(await notes.delete("k")).toEqual({ existed: true });
    expect(await notes.delete("k")).toEqual({ existed: false });
    expect(await notes.text("k")).toBeUndefined();
  });

  test.each(["../up", "a/b", "nul \0", "%2e", "ü😀", "k".repeat(1_024)])(
    "takes the key %j like any other",
    async (key) => {
      await notes.set(key, key);
      expect(await notes.text(key)).toBe(key);
    },
  );

  test("keeps namespaces apart", async () => {
    using other = new KeyValueClient(prism.listen, "notes/other");
    await notes.set("shared", "of notes");
    expect(await other.text("shared")).toBeUndefined();
    await other.set("shared", "of other");
    expect(await notes.text("shared")).toBe("of notes");
  });

  test("applies a write that is repeated with its token once", async () => {
    const idempotencyToken = newIdempotencyToken();
    const first = await notes.set("once", "1", { idempotencyToken });
    await notes.delete("once");
    expect(await notes.set("once", "1", { idempotencyToken })).toEqual(first);
    expect(await notes.exists("once")).toEqual({ exists: false });
  });

  test.each([
    ["a scan", "Scan", { prefix: "" }],
    ["a time to live", "Set", { key: "k", value: Buffer.from("v"), ttl: { seconds: 1 } }],
    ["a condition", "Set", { key: "k", value: Buffer.from("v"), ifAbsent: true }],
  ])("refuses %s, which it does not declare", async (_, method, request) => {
    expect(await failureFrom(notes.call(method, request))).toMatchObject({
      code: "UNIMPLEMENTED",
      reason: "CAPABILITY_MISSING",
    });
  });

  test("has what it acknowledged after kill -9", async () => {
    await notes.set("survivor", "of the plugin");
    const pid = await pluginPid(prism.admin, "notebook");
    process.kill(pid, "SIGKILL");
    await pluginPid(prism.admin, "notebook", pid);
    expect(await notes.text("survivor")).toBe("of the plugin");
  });
});

/** The test that the page for authors shows. */
async function conformanceTest(): Promise<string> {
  const page = await readFile(join(repositoryRoot, "docs/writing-a-plugin.md"), "utf8");
  const [, shown] = /```js\n(\/\/ conformance\.test\.js[\s\S]*?)```/.exec(page) ?? [];
  if (shown === undefined) throw new Error("docs/writing-a-plugin.md shows no conformance.test.js");
  return shown;
}

test("the example plugin keeps its promises, by the conformance suite run as the page for authors says", {
  timeout,
}, async () => {
  await using author = await createTemporaryFolder();
  await cp(example, author.path, { recursive: true });
  const { devDependencies } = JSON.parse(await readFile(join(repositoryRoot, "package.json"), "utf8"));
  await installSdk(author.path, [`vitest@${devDependencies.vitest}`]);
  await writeFile(join(author.path, "conformance.test.js"), await conformanceTest());
  // All cases take a minute. These are what the example promises beyond the minimum; each kills the plugin and starts it again.
  const run = ["vitest", "run", "--testNamePattern", "killed", "--no-color"];
  const { stdout } = await execa("npx", run, { cwd: author.path });
  expect(stdout).toMatch(/Tests +4 passed/);
});
