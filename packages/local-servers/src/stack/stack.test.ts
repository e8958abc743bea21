import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { awaitCondition } from "../await-condition.js";
import { exchange } from "../exchange.js";
import { freePorts } from "../loopback-port.js";
import { nats } from "../nats.js";
import { lockPath } from "../path-lock.js";
import { identify, isRunning } from "../process-table.js";
import { redis } from "../redis.js";
import type { ServerKind } from "../server-kind.js";
import { Stack } from "./stack.js";

const withinMs = 10_000;
let folder: string;
let stack: Stack;
let kind: ServerKind;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "prism-stack-test-"));
  stack = new Stack({ folder, environment: process.env });
  // Its usual port may be in use on this machine.
  kind = { ...redis, standardPorts: await freePorts(1) };
});

afterEach(async () => {
  await stack.down([kind, nats], { removeData: true });
  await rm(folder, { recursive: true, force: true });
});

const portOf = (url: string | undefined) => Number(new URL(url!).port);
const recordFile = () => join(folder, "redis", "server.json");
const say = (port: number, command: string) =>
  exchange(port, `${command}\r\n`, (answer) => (answer.includes("\r\n") ? answer.toString().trim() : undefined));

describe("a stack", () => {
  test("starts a server once, on its usual port, whoever asks and however often", async () => {
    const other = new Stack({ folder, environment: process.env });
    const all = (await Promise.all([stack.up([kind]), other.up([kind]), stack.up([kind])])).flat();
    expect(all.map(({ problem }) => problem)).toEqual([undefined, undefined, undefined]);
    const [first] = all.map(({ server }) => server);
    expect(first).toMatchObject({ state: "running", url: `redis://127.0.0.1:${kind.standardPorts[0]}` });
    expect(new Set(all.map(({ server }) => server.pid))).toEqual(new Set([first!.pid]));
  });

  test("keeps data and port from down to up, and removes them only when it is told to", async () => {
    const [up] = await stack.up([kind]);
    const port = portOf(up?.server.url);
    await say(port, "SET k v");
    const [down] = await stack.down([kind], { removeData: false });
    expect(down).toMatchObject({ server: { state: "stopped", pid: undefined }, problem: undefined });
    const [again] = await stack.up([kind]);
    expect(portOf(again?.server.url)).toBe(port);
    expect(await say(port, "STRLEN k")).toBe(":1");
    await stack.down([kind], { removeData: true });
    expect([existsSync(folder), (await stack.status([kind]))[0]?.state]).toEqual([false, "absent"]);
  });

  test("takes the next port when the usual one, or the one of before, is taken", async () => {
    const [usual] = kind.standardPorts;
    const neighbour = createServer().listen(usual, "127.0.0.1");
    await once(neighbour, "listening");
    const [first] = await stack.up([kind]);
    const port = portOf(first?.server.url);
    expect(port).toBeGreaterThan(usual);
    await stack.down([kind], { removeData: false });
    const second = createServer().listen(port, "127.0.0.1");
    await once(second, "listening");
    const [again] = await stack.up([kind]);
    expect(portOf(again?.server.url)).toBeGreaterThan(port);
    for (const server of [neighbour, second]) server.close();
  });

  test("gives two servers that want the same port two", async () => {
    const both = [kind, { ...nats, standardPorts: kind.standardPorts }];
    const outcomes = await stack.up(both);
    expect(outcomes.map(({ server }) => server.state)).toEqual(["running", "running"]);
  });

  test("sees that a server has gone, and starts it again with its data", async () => {
    const [up] = await stack.up([kind]);
    const port = portOf(up?.server.url);
    await say(port, "SET k v");
    const identity = identify(up!.server.pid!)!;
    process.kill(identity.pid, "SIGKILL");
    expect(await awaitCondition(() => !isRunning(identity), { withinMs })).toBe(true);
    expect(await stack.status([kind])).toMatchObject([{ state: "ended", pid: undefined }]);
    await stack.up([kind]);
    expect(await say(port, "STRLEN k")).toBe(":1");
  });

  test("sees that a server does not answer", async () => {
    const [up] = await stack.up([kind]);
    process.kill(up!.server.pid!, "SIGSTOP");
    expect(await stack.status([kind])).toMatchObject([{ state: "silent", pid: up!.server.pid }]);
    await stack.down([kind], { removeData: false });
    expect(identify(up!.server.pid!)).toBeUndefined();
  });

  test("leaves a process alone that has got the id of a server of before", async () => {
    await stack.up([kind]);
    await stack.down([kind], { removeData: false });
    const innocent = spawn("sleep", ["600"]);
    const record = JSON.parse(await readFile(recordFile(), "utf8"));
    const identity = identify(innocent.pid!)!;
    const impostors = [
      { ...identity, startTicks: identity.startTicks - 1 },
      { ...identity, command: "redis-server" },
    ];
    for (const process of impostors) {
      await writeFile(recordFile(), JSON.stringify({ ...record, process }));
      expect(await stack.status([kind])).toMatchObject([{ state: "ended", pid: undefined }]);
      await stack.down([kind], { removeData: false });
    }
    expect(isRunning(identity)).toBe(true);
    innocent.kill("SIGKILL");
    await once(innocent, "exit");
  });

  test("removes nothing that it did not make, whatever its record says", async () => {
    await stack.up([kind]);
    await stack.down([kind], { removeData: false });
    const precious = await mkdtemp(join(tmpdir(), "prism-precious-"));
    const record = JSON.parse(await readFile(recordFile(), "utf8"));
    await writeFile(recordFile(), JSON.stringify({ ...record, elsewhere: precious }));
    await stack.down([kind], { removeData: true });
    expect([existsSync(precious), existsSync(recordFile())]).toEqual([true, false]);
    await rm(precious, { recursive: true });
  });

  test("moves with its folder", async () => {
    const [up] = await stack.up([kind]);
    await say(portOf(up?.server.url), "SET k v");
    await stack.down([kind], { removeData: false });
    const moved = `${folder}-moved`;
    await rename(folder, moved);
    folder = moved;
    stack = new Stack({ folder, environment: process.env });
    const [again] = await stack.up([kind]);
    expect(again?.server.dataFolder).toBe(join(moved, "redis", "data"));
    expect(await say(portOf(again?.server.url), "STRLEN k")).toBe(":1");
  });

  test("says of a folder that it cannot use what the system says", async () => {
    await stack.up([kind]);
    await stack.down([kind], { removeData: false });
    const file = join(folder, "redis", "server.log");
    await rm(file);
    await mkdir(file);
    const [outcome] = await stack.up([kind]);
    expect(outcome).toMatchObject({ server: { state: "stopped" }, problem: expect.stringContaining(file) });
  });

  test("takes no folder in which somebody else keeps something, and removes none", async () => {
    const file = join(folder, "redis", "notes.txt");
    await mkdir(join(folder, "redis"));
    await writeFile(file, "precious");
    const [outcome] = await stack.up([kind]);
    expect(outcome).toMatchObject({ server: { state: "absent" }, problem: expect.stringContaining("not of a stack") });
    await stack.down([kind], { removeData: true });
    expect(existsSync(file)).toBe(true);
  });

  test("removes what is left of a start that failed", async () => {
    const broken: ServerKind = { ...kind, command: async () => ({ file: "/nowhere/redis-server", arguments: [] }) };
    const [outcome] = await stack.up([broken]);
    expect(outcome).toMatchObject({ server: { state: "stopped" }, problem: expect.stringContaining("/nowhere/redis") });
    await stack.down([broken], { removeData: true });
    expect(existsSync(folder)).toBe(false);
  });

  test("says which record it cannot read", async () => {
    await stack.up([kind]);
    await stack.down([kind], { removeData: false });
    const record = await readFile(recordFile());
    await writeFile(recordFile(), "{");
    await expect(stack.status([kind])).rejects.toThrow(`${recordFile()} cannot be read`);
    await writeFile(recordFile(), record);
  });

  test("starts the others when one cannot be started, and says why", async () => {
    const missing: ServerKind = { ...nats, find: () => nats.find({ PATH: "/nowhere" }) };
    const [good, bad] = await stack.up([kind, missing]);
    expect(good).toMatchObject({ server: { state: "running" }, problem: undefined });
    expect(bad).toMatchObject({ server: { state: "absent" }, problem: expect.stringContaining("make backends") });
  });

  test("does not wait for a server any longer than it is told to, and leaves it running", async () => {
    const giveUp = new AbortController();
    const impatient = new Stack({ folder, environment: process.env, signal: giveUp.signal });
    const never: ServerKind = {
      ...kind,
      isReady: async () => {
        giveUp.abort();
        return false;
      },
    };
    const [outcome] = await impatient.up([never]);
    expect(outcome?.problem).toContain("not waited for");
    expect((await stack.up([kind]))[0]?.server.pid).toBe(outcome?.server.pid);
  });
});

describe("the lock of a stack", () => {
  test("is held by one at a time, and waiting can be given up", async () => {
    const held = await lockPath(folder);
    const giveUp = new AbortController();
    const waiting = lockPath(folder, giveUp.signal);
    giveUp.abort();
    await expect(waiting).rejects.toThrow();
    const next = lockPath(folder);
    await held[Symbol.asyncDispose]();
    await (await next)[Symbol.asyncDispose]();
  });

  test("is free again when whoever holds it is killed", async () => {
    const entry = new URL("../../dist/path-lock.js", import.meta.url).href;
    const source = `
      const { lockPath } = await import(${JSON.stringify(entry)});
      globalThis.held = await lockPath(${JSON.stringify(folder)});
      console.log("held");
      setInterval(() => {}, 1_000);`;
    const holder = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(holder.stdout, "data");
    const next = lockPath(folder);
    holder.kill("SIGKILL");
    await (await next)[Symbol.asyncDispose]();
  });
});

test("ports of a server are those it may use: a listener elsewhere does not count", async () => {
  const elsewhere = createServer().listen(0, "127.0.0.2");
  await once(elsewhere, "listening");
  const { port } = elsewhere.address() as AddressInfo;
  kind = { ...redis, standardPorts: [port] };
  const [outcome] = await stack.up([kind]);
  expect(portOf(outcome?.server.url)).toBe(port);
  elsewhere.close();
});
