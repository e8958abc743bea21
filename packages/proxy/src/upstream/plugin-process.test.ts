import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createLog } from "../telemetry/log.js";
import { PluginLog } from "./plugin-log.js";
import { PluginProcess } from "./plugin-process.js";
import { openSocketDir, type SocketDir, sweepSocketDirs } from "./socket-dir.js";

let dir: string;
let sockets: SocketDir;
let lines: Record<string, unknown>[];
const started: PluginProcess[] = [];

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "prism-process-"));
  sockets = await openSocketDir(tmpdir());
  lines = [];
});

afterEach(async () => {
  for (const process of started.splice(0)) {
    process.kill();
    await process.exited;
  }
  await sockets[Symbol.asyncDispose]();
  await rm(dir, { recursive: true });
});

/** Starts a small script as if it were a plugin. */
async function start(script: string, environment: Record<string, string> = {}): Promise<PluginProcess> {
  const file = path.join(dir, "plugin.mjs");
  await writeFile(file, script);
  return spawn({ command: [file], isScript: true }, environment);
}

function spawn(
  program: { command: [string, ...string[]]; isScript: boolean },
  environment: Record<string, string> = {},
): PluginProcess {
  const log = createLog({
    level: "trace",
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  });
  const spawned = new PluginProcess({
    program: { ...program, package: undefined, description: undefined },
    execPath: process.execPath,
    workingDir: dir,
    environment,
    socket: sockets.socket,
    openLog: (pid) => new PluginLog({ log: log.child({ pid }), now: Date.now, onDropped: () => undefined }),
  });
  started.push(spawned);
  return spawned;
}

/** Leaves a socket that nobody listens on: the server's process is killed before it can clean up. */
async function abandon(socket: string): Promise<void> {
  const plugin = spawn({
    command: [process.execPath, "-e", `require("node:net").createServer().listen(${JSON.stringify(socket)})`],
    isScript: false,
  });
  await expect.poll(() => stat(socket).catch(() => undefined)).toBeDefined();
  plugin.kill();
  await plugin.exited;
}

/** What a good plugin does first. */
const handshake = `
import { createServer } from "node:net";
const socket = process.env.PRISM_PLUGIN_SOCKET;
const say = (more) => console.log(JSON.stringify({ prism_handshake: 1, contract: { min: 1, max: 1 }, pid: process.pid, socket, name: "tiny", version: "1.0.0", ...more }));
process.stdin.resume();
`;
const wellBehaved = `${handshake} process.stdin.on("end", () => process.exit(0)); createServer().listen(socket, () => say({}));`;

const soon = () => AbortSignal.timeout(10_000);

describe("a plugin process", () => {
  test("is ready when it has printed its handshake, and ends when its stdin does", async () => {
    const plugin = await start(wellBehaved);
    const { name, pid } = await plugin.ready(soon());
    expect({ name, pid }).toEqual({ name: "tiny", pid: plugin.pid });
    expect(plugin.state.kind).toBe("ready");
    expect(await plugin.stop()).toMatchObject({ code: 0 });
    expect(plugin.state.kind).toBe("exited");
  });

  test("gets an almost empty environment", async () => {
    const plugin = await start(
      `${handshake} console.error(JSON.stringify({ level: 30, msg: "env", names: Object.keys(process.env).sort() })); createServer().listen(socket, () => say({}));`,
      { PATH: "/usr/bin:/bin", SECRET: "x", HOME: "/", LANG: "C", TZ: "UTC" },
    );
    await plugin.ready(soon());
    await expect
      .poll(() => lines.find(({ msg }) => msg === "env")?.names)
      .toEqual(["HOME", "LANG", "PATH", "PRISM_PLUGIN_SOCKET", "TZ"]);
  });

  test("has its log lines re-emitted with their level and fields, and its other output as it is", async () => {
    const plugin = await start(`${handshake}
      console.log("hello"); console.log("{broken");
      console.error(JSON.stringify({ level: 40, time: 1, msg: "careful", key: "k", password: "p" }));
      console.error("plain");
      createServer().listen(socket, () => { say({}); console.log("after"); });`);
    await plugin.ready(soon());
    await expect.poll(() => lines.map(({ msg, line }) => line ?? msg)).toContain("after");
    await expect.poll(() => lines.map(({ msg, line }) => line ?? msg)).toContain("plain");
    expect(lines.find(({ msg }) => msg === "careful")).toMatchObject({
      level: "warn",
      key: "k",
      password: "[redacted]",
      pid: plugin.pid,
    });
    const outputs = lines.filter(({ msg }) => msg === "plugin output").map(({ line, stream }) => `${stream}: ${line}`);
    expect(outputs.sort()).toEqual(["stderr: plain", "stdout: after", "stdout: hello", "stdout: {broken"]);
  });

  test("has lines cut that never end", async () => {
    const plugin = await start(`${handshake} process.stderr.write("x".repeat(200_000) + "\\nnext\\n");
      createServer().listen(socket, () => say({}));`);
    await plugin.ready(soon());
    await expect.poll(() => lines.some(({ line }) => line === "next")).toBe(true);
    expect(lines.map(({ line }) => String(line ?? "").length)).toContain(65_536);
  });

  test("is ended by force when nothing else helps", async () => {
    const plugin = await start(`${handshake} process.on("SIGTERM", () => {}); setInterval(() => {}, 1000);
      createServer().listen(socket, () => say({}));`);
    await plugin.ready(soon());
    expect(await plugin.stop()).toMatchObject({ signal: "SIGKILL" });
  });

  test.each([
    [
      "ends at once",
      `console.error("no licence"); process.exit(3)`,
      "the plugin ended before it was ready: exited with code 3; its last line: no licence",
    ],
    [
      "speaks another contract",
      `${handshake} say({ contract: { min: 2, max: 3 } });`,
      "speaks versions 2 to 3 of the plugin contract",
    ],
    ["binds nothing", `${handshake} say({});`, "there is no socket at"],
    [
      "binds elsewhere",
      `${handshake} say({ socket: "/tmp/elsewhere" });`,
      "the plugin says that it bound /tmp/elsewhere",
    ],
    ["is not a program", "this is no JavaScript", "exited with code 1"],
  ])("that %s is refused with the reason", async (_, script, reason) => {
    const plugin = await start(script);
    await expect(plugin.ready(soon())).rejects.toThrow(reason);
  });

  test("that never says that it is ready is refused when its time is up", async () => {
    const plugin = await start(`console.error("thinking"); setInterval(() => {}, 1000);`);
    await expect.poll(() => lines.length).toBe(1);
    await expect(plugin.ready(AbortSignal.timeout(1))).rejects.toThrow(
      /did not say that it is ready in time .*; its last line: thinking.*start_timeout/,
    );
  });

  test("that does not exist is refused", async () => {
    const plugin = spawn({ command: [path.join(dir, "nothing")], isScript: false });
    await expect(plugin.ready(soon())).rejects.toThrow(/could not be started: there is no program .*nothing/);
  });
});

describe("a socket folder", () => {
  test("is private, and falls back to a short path", async () => {
    const long = path.join(tmpdir(), "x".repeat(100));
    await using opened = await openSocketDir(long);
    expect(path.dirname(path.dirname(opened.socket))).toBe("/tmp");
    expect((await stat(path.dirname(opened.socket))).mode & 0o777).toBe(0o700);
  });

  test("that a killed proxy left behind is removed, and no other", async () => {
    const parent = path.join(dir, "tmp");
    await mkdir(parent);
    await using living = await openSocketDir(parent);
    await using starting = await openSocketDir(parent);
    await using abandoned = await openSocketDir(parent);
    await using server = createServer().listen(living.socket);
    await once(server, "listening");
    await abandon(abandoned.socket);
    await sweepSocketDirs(parent);
    const kept = [living, starting].map(({ socket }) => path.basename(path.dirname(socket)));
    expect((await readdir(parent)).sort()).toEqual(kept.sort());
  });

  test("that cannot be made says where and what to do", async () => {
    await expect(openSocketDir(path.join(dir, "nothing"))).rejects.toThrow(
      /cannot make a folder .* ENOENT; set TMPDIR/,
    );
  });
});
