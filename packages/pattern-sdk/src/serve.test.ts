import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { GrpcClient } from "@prism-data/transport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Handshake, parseHandshake } from "./protocol/handshake.js";
import { PluginClient } from "./protocol/plugin-client.js";
import { durationFromMs } from "./protocol/wire-time.js";

/** A plugin's whole main module, on the compiled SDK: what a plugin's process really runs. */
const main = `
  import { definePlugin, servePlugin } from ${JSON.stringify(new URL("../dist/index.js", import.meta.url).href)};
  import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
  await servePlugin(definePlugin({
    name: "tiny", version: "1.2.3", durability: "ephemeral", settings: z.strictObject({ throws: z.boolean().default(false) }),
    patterns: { "key-value": { capabilities: [] } },
    open: ({ throws }) => {
      if (throws) setImmediate(() => { throw new Error("a defect"); });
      return { close: () => undefined };
    },
  }));`;

interface Plugin {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly stdout: string[];
  readonly stderr: string[];
}

let folder: string;
let plugins: Plugin[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "prism-serve-"));
  plugins = [];
});
afterEach(async () => {
  for (const { child } of plugins) child.kill("SIGKILL");
  await Promise.all(plugins.map(({ ended }) => ended));
  await rm(folder, { recursive: true, force: true });
});

function run(env: Record<string, string>, ...args: string[]): Plugin {
  const child = spawn(process.execPath, ["--input-type=module", "--eval", main, "--", ...args], { env });
  const plugin: Plugin = {
    child,
    ended: once(child, "close").then(([code]) => code as number | null),
    stdout: linesOf(child.stdout),
    stderr: linesOf(child.stderr),
  };
  plugins.push(plugin);
  return plugin;
}

function linesOf(stream: NodeJS.ReadableStream): string[] {
  const lines: string[] = [];
  createInterface(stream).on("line", (line) => lines.push(line));
  return lines;
}

async function started(): Promise<Plugin & { readonly handshake: Handshake; readonly contract: PluginClient }> {
  const socket = join(folder, "plugin.sock");
  const plugin = run({ PRISM_PLUGIN_SOCKET: socket });
  await expect.poll(() => plugin.stdout, { timeout: 20_000 }).toHaveLength(1);
  const handshake = parseHandshake(plugin.stdout[0] ?? "")!;
  const client = await GrpcClient.connect(
    { path: socket },
    { metadata: [["authorization", `Bearer ${handshake.token}`]] },
  );
  return { ...plugin, handshake, contract: new PluginClient(client) };
}

describe("a plugin's process", () => {
  test("binds its socket with mode 0600 and prints one handshake line with a token", async () => {
    const { child, handshake, stdout, stderr } = await started();
    expect(handshake).toMatchObject({ pid: child.pid, socket: join(folder, "plugin.sock"), name: "tiny" });
    expect(handshake.token).toMatch(/^[\w-]{43}$/);
    expect((await stat(handshake.socket)).mode & 0o777).toBe(0o600);
    expect([stdout.length, stderr.length]).toEqual([1, 0]);
  });

  test("exits at once when its stdin ends", async () => {
    const { child, ended } = await started();
    child.stdin?.end();
    expect(await ended).toBe(0);
  });

  test.each(["SIGTERM", "SIGINT"] as const)("drains on %s and exits 0", async (signal) => {
    const { child, ended, stderr } = await started();
    child.kill(signal);
    expect(await ended).toBe(0);
    expect(stderr.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      "signal received",
      "draining",
      "drained",
    ]);
  });

  test("exits 0 after it has answered Drain", async () => {
    const { contract, ended, handshake } = await started();
    expect(await contract.drain({ grace: durationFromMs(1_000) })).toEqual({ completed: 0, aborted: 0 });
    expect(await ended).toBe(0);
    expect(existsSync(handshake.socket)).toBe(false);
  });

  test("logs a defect and exits 1", async () => {
    const { contract, ended, stderr } = await started();
    const settings = { throws: true };
    // Whether the answer still leaves the process is open.
    await contract.configure({ backend: "b", settings, dataDir: folder, workingDir: folder }).catch(() => undefined);
    expect(await ended).toBe(1);
    expect(JSON.parse(stderr.at(-1) ?? "")).toMatchObject({
      level: 50,
      msg: "uncaught exception",
      err: { message: "a defect" },
    });
  });

  test("describes itself and exits 0, without a proxy", async () => {
    const { child, ended, stdout } = run({}, "--describe");
    child.stdin?.end();
    expect(await ended).toBe(0);
    expect(JSON.parse(stdout.join("\n"))).toMatchObject({
      name: "tiny",
      version: "1.2.3",
      contract: { min: 1, max: 1 },
    });
  });

  test.each<[string, Record<string, string>]>([
    ["nobody names a socket", {}],
    ["the socket's path is relative", { PRISM_PLUGIN_SOCKET: "plugin.sock" }],
    ["the socket's path is 104 bytes long", { PRISM_PLUGIN_SOCKET: `/${"x".repeat(103)}` }],
  ])("explains itself and exits 2 when %s", async (_, env) => {
    const { ended, stderr, stdout } = run(env);
    expect(await ended).toBe(2);
    expect(stderr.join("\n")).toContain("It is started by the Prism proxy");
    expect(stdout).toEqual([]);
  });

  test("exits 1 when its socket cannot be bound", async () => {
    const { ended, stderr } = run({ PRISM_PLUGIN_SOCKET: join(folder, "missing", "plugin.sock") });
    expect(await ended).toBe(1);
    expect(JSON.parse(stderr.at(-1) ?? "")).toMatchObject({ level: 50, msg: "the plugin's socket could not be bound" });
  });
});
