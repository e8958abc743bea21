import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { type CommandOptions, type CommandResult, runPrism, startPrismCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";

const namespace = namespaceOn(memory);
const everyByte = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
let prism: PrismProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf([memory]) });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** Runs `prism kv …` against the proxy. */
function kv(given: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runPrism(["kv", ...given], { ...options, environment: { PRISM_SERVER: prism.listen } });
}

const textOf = ({ stdout }: CommandResult) => stdout.toString();
const jsonLines = (result: CommandResult) =>
  textOf(result)
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("kv set and get", () => {
  test("a value goes from the argument to stdout, with nothing added", async () => {
    const set = await kv(["set", namespace, "plain", "hello"]);
    expect(set).toMatchObject({ code: 0, stderr: "" });
    expect(await kv(["get", namespace, "plain"])).toMatchObject({ code: 0, stdout: Buffer.from("hello"), stderr: "" });
  });

  test("every byte survives, from stdin and from a file", async () => {
    await kv(["set", namespace, "stdin", "-"], { input: everyByte });
    const file = join(prism.folder, "value.bin");
    writeFileSync(file, everyByte);
    await kv(["set", namespace, "file", "--file", file]);
    for (const key of ["stdin", "file"]) expect((await kv(["get", namespace, key])).stdout).toEqual(everyByte);
  });

  test("2 MiB survive", async () => {
    const value = Buffer.alloc(2 * 1024 * 1024, everyByte);
    expect((await kv(["set", namespace, "large", "-"], { input: value })).code).toBe(0);
    expect((await kv(["get", namespace, "large"])).stdout.equals(value)).toBe(true);
  });

  test("--json shows value, etag and expiry", async () => {
    const [set] = jsonLines(await kv(["set", namespace, "json", "v", "--ttl", "1h", "--json"]));
    const [got] = jsonLines(await kv(["get", namespace, "json", "--json"]));
    expect(got).toMatchObject({ found: true, value: "dg==", etag: set.etag });
    expect(Math.abs(Date.parse(got.expireTime) - Date.now() - 3_600_000)).toBeLessThan(30_000);
  });

  test("a missing key exits 1, and says so where the value is not", async () => {
    const missing = await kv(["get", namespace, "missing"]);
    expect(missing).toMatchObject({ code: 1, stdout: Buffer.alloc(0), stderr: expect.stringContaining('"missing"') });
    expect(jsonLines(await kv(["get", namespace, "missing", "--json"]))).toEqual([{ found: false }]);
  });

  test("conditions hold or exit 1 with the reason", async () => {
    const first = textOf(await kv(["set", namespace, "cas", "1", "--if-absent"])).trim();
    expect((await kv(["set", namespace, "cas", "2", "--if-etag", first])).code).toBe(0);
    const late = await kv(["set", namespace, "cas", "3", "--if-etag", first]);
    expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining("ETAG_MISMATCH") });
    const again = await kv(["set", namespace, "cas", "3", "--if-absent", "--json"]);
    expect(again.code).toBe(1);
    expect(JSON.parse(again.stderr)).toMatchObject({ error: { code: "ALREADY_EXISTS", reason: "KEY_EXISTS" } });
  });

  test("the same token writes once", async () => {
    const given = ["set", namespace, "order", "paid", "--token", "2026-01-31T10:00:00.000001Z/order-17"];
    const first = await kv(given);
    expect(first.code).toBe(0);
    expect(textOf(await kv(given))).toBe(textOf(first));
  });
});

test("kv delete and exists say how it is", async () => {
  await kv(["set", namespace, "there", "v"]);
  expect(await kv(["exists", namespace, "there"])).toMatchObject({ code: 0, stdout: Buffer.from("true\n") });
  expect(textOf(await kv(["delete", namespace, "there"]))).toBe("deleted\n");
  expect(await kv(["delete", namespace, "there"])).toMatchObject({ code: 0, stdout: Buffer.from("was not there\n") });
  expect(await kv(["exists", namespace, "there"])).toMatchObject({ code: 1, stdout: Buffer.from("false\n") });
  expect(jsonLines(await kv(["exists", namespace, "there", "--json"]))).toEqual([{ exists: false }]);
  expect(jsonLines(await kv(["delete", namespace, "there", "--json"]))).toEqual([{ existed: false }]);
});

describe("kv scan and count", () => {
  const keys = Array.from({ length: 1_200 }, (_, index) => `scan/${String(index).padStart(4, "0")}`);

  beforeAll(async () => {
    using client = new KeyValueClient(prism.listen, namespace);
    await Promise.all(keys.map((key) => client.set(key, "v")));
    await client.set("scan-odd/line\nbreak", Uint8Array.of(0xff, 0));
  });

  test("a scan goes through all pages", async () => {
    const { code, stdout } = await kv(["scan", namespace, "--prefix", "scan/", "--keys-only"]);
    expect(code).toBe(0);
    expect(stdout.toString().trim().split("\n")).toEqual(keys);
  });

  test("--limit and a range bound it", async () => {
    const page = ["scan", namespace, "--from", "scan/0005", "--to", "scan/9999", "--limit", "3"];
    expect(textOf(await kv(page))).toBe("scan/0005\tv\nscan/0006\tv\nscan/0007\tv\n");
  });

  test("--json has one object per line; text escapes what would break a line", async () => {
    const odd = ["scan", namespace, "--prefix", "scan-odd/"];
    expect(textOf(await kv(odd))).toBe("scan-odd/line\\nbreak\t\\xff\\x00\n");
    expect(jsonLines(await kv([...odd, "--json"]))).toMatchObject([{ key: "scan-odd/line\nbreak", value: "/wA=" }]);
  });

  test("count counts", async () => {
    expect(textOf(await kv(["count", namespace, "--prefix", "scan/"]))).toBe("1200\n");
    expect(jsonLines(await kv(["count", namespace, "--prefix", "scan/", "--json"]))).toEqual([{ count: "1200" }]);
  });
});

describe("kv watch", () => {
  test("--count ends it after so many changes", async () => {
    const given = ["kv", "watch", namespace, "--prefix", "watch/", "--count", "2", "--json"];
    await using watch = startPrismCommand(given, { environment: { PRISM_SERVER: prism.listen } });
    await eventually("the start of the watch", 10_000, () => watch.stdout.includes("started"));
    await kv(["set", namespace, "watch/a", "1"]);
    await kv(["delete", namespace, "watch/a"]);
    expect(await watch.ended).toBe(0);
    const [, set, deleted] = watch.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(set).toMatchObject({ change: { kind: "SET", key: "watch/a", value: "MQ==" } });
    expect(deleted).toEqual({ change: { kind: "DELETED", key: "watch/a" } });
  });

  test("Ctrl-C ends it with 0", async () => {
    const given = ["kv", "watch", namespace, "--prefix", "watch-quiet/"];
    await using watch = startPrismCommand(given, { environment: { PRISM_SERVER: prism.listen } });
    await eventually("the start of the watch", 10_000, () => watch.stderr.includes("watching"));
    watch.signal("SIGINT");
    expect(await watch.ended).toBe(0);
  });
});

describe("plugin", () => {
  const plugin = (given: readonly string[]) =>
    runPrism(["plugin", ...given], { environment: { PRISM_ADMIN: prism.admin } });

  test("list shows each backend and its state", async () => {
    expect(textOf(await plugin(["list"]))).toMatch(/^memory\s+memstore\s+\S+\s+ready/m);
    const [{ backends }] = jsonLines(await plugin(["list", "--json"]));
    expect(backends).toMatchObject([{ name: "memory", state: "ready", namespaces: [namespace] }]);
  });

  test("describe shows what the plugin offers", async () => {
    expect(textOf(await plugin(["describe", "memory"]))).toMatch(/offers\s+.*ordered_scan/);
    const [answer] = jsonLines(await plugin(["describe", "memory", "--json"]));
    expect(answer.plugin).toMatchObject({ durability: "ephemeral", settingsSchema: { type: "object" } });
  });

  test("describe of a backend that is not there exits 1 and names those that are", async () => {
    const { code, stderr } = await plugin(["describe", "memroy"]);
    expect(code).toBe(1);
    expect(stderr).toContain("memory");
  });

  test("restart replaces the process", async () => {
    const pid = await pluginPid(prism.admin, "memory");
    expect((await plugin(["restart", "memory"])).code).toBe(0);
    expect(await pluginPid(prism.admin, "memory", pid)).not.toBe(pid);
  });
});

describe("check", () => {
  test("a good configuration exits 0", async () => {
    const { code, stdout } = await runPrism(["check"], { folder: prism.folder });
    expect({ code, text: stdout.toString() }).toMatchObject({ code: 0, text: expect.stringContaining("OK") });
  });

  test("--json lists problems by path", async () => {
    const file = join(prism.folder, "bad.yaml");
    writeFileSync(file, "namespaces: { demo: { pattern: key-value, backend: nowhere } }");
    const result = await runPrism(["check", "-c", file, "--json"]);
    expect(result.code).toBe(2);
    const [{ ok, problems }] = jsonLines(result);
    expect(ok).toBe(false);
    expect(problems).toMatchObject([{ path: "namespaces.demo.backend", line: 1 }]);
  });
});

describe("exit codes", () => {
  test.each([
    ["no such command", ["kvv"]],
    ["an unknown option", ["kv", "get", "n", "k", "--colour"]],
    ["a missing argument", ["kv", "get", "n"]],
    ["no value", ["kv", "set", "n", "k"]],
    ["a value twice", ["kv", "set", "n", "k", "v", "--file", "f"]],
    ["a duration that is none", ["kv", "set", "n", "k", "v", "--ttl", "soon"]],
    ["an address that is none", ["kv", "get", "n", "k", "--server", "localhost"]],
    ["prefix and range", ["kv", "scan", "n", "--prefix", "a", "--from", "b"]],
    ["a configuration that is not there", ["check", "-c", "nowhere.yaml"]],
    ["serving a configuration that is not there", ["serve", "-c", "nowhere.yaml"]],
  ])("%s is wrong usage: 2, with advice on stderr", async (_, given) => {
    const { code, stdout, stderr } = await runPrism(given, { folder: prism.folder });
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: "" });
    expect(stderr).not.toBe("");
  });

  test.each([[["--help"]], [["kv", "--help"]], [["kv", "set", "--help"]], [["--version"]]])(
    "%j exits 0",
    async (given) => {
      expect(await runPrism(given)).toMatchObject({ code: 0, stderr: "" });
    },
  );

  test("a command starts with what V8 compiled for one before it", async () => {
    await runPrism(["--version"]);
    const { stderr } = await runPrism(["--version"], { environment: { NODE_DEBUG_NATIVE: "COMPILE_CACHE" } });
    expect(stderr).toMatch(/code cache for ESM .*program\.js was accepted/);
  });

  test("the help documents them", async () => {
    const help = textOf(await runPrism(["--help"]));
    for (const code of [0, 1, 2, 3]) expect(help).toMatch(new RegExp(`^  ${code}  \\S`, "m"));
  });

  test("no proxy at the address: 1, with what to do", async () => {
    const { code, stderr } = await runPrism(["kv", "get", "n", "k", "--server", "127.0.0.1:1"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/127\.0\.0\.1:1.*prism serve.*--server/s);
  });

  test("an unknown namespace: 1, with the namespaces that there are", async () => {
    const { code, stderr } = await kv(["get", "demmo", "k"]);
    expect(code).toBe(1);
    expect(stderr).toContain("NAMESPACE_NOT_FOUND");
    expect(stderr).toContain(namespace);
  });
});
