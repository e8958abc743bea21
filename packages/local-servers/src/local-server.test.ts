import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { awaitCondition } from "./await-condition.js";
import { exchange } from "./exchange.js";
import { kafka } from "./kafka.js";
import { LocalServer } from "./local-server.js";
import { nats } from "./nats.js";
import { postgres } from "./postgres.js";
import { descendantsOf, identify, isRunning } from "./process-table.js";
import { redis } from "./redis.js";
import type { ServerKind } from "./server-kind.js";
import { serverKinds } from "./server-kinds.js";

const environment = process.env;

/** Far above what the kernel needs. */
const withinMs = 10_000;

const isReady = (kind: ServerKind, { port }: LocalServer) => kind.isReady({ ports: [port] });

/** What Redis answers to a command, without the end of the line. */
const redisSays = ({ port }: LocalServer, command: string) =>
  exchange(port, `${command}\r\n`, (answer) => (answer.includes("\r\n") ? answer.toString().trim() : undefined));

describe.each(serverKinds)("$name, step by step", { timeout: 60_000 }, (kind) => {
  let server: LocalServer;
  beforeAll(async () => {
    server = await LocalServer.start(kind, { environment });
  }, 60_000);
  afterAll(() => server[Symbol.asyncDispose]());

  test("says its version", async () => {
    expect(await kind.version(await kind.find(environment))).toMatch(/^\d+\.\d+/);
  });

  test("answers when it is started, does not when it is killed, and does again on the same port", async () => {
    expect(await isReady(kind, server)).toBe(true);
    const { port, pid } = server;
    await server.kill();
    expect([await isReady(kind, server), identify(pid)]).toEqual([false, undefined]);
    await server.start();
    expect([server.port, await isReady(kind, server)]).toEqual([port, true]);
  });

  test("says nothing while it is paused, and goes on when it is resumed", async () => {
    await server.pause();
    expect(await isReady(kind, server)).toBe(false);
    server.resume();
    expect(await awaitCondition(() => isReady(kind, server), { withinMs })).toBe(true);
  });

  test("can be stopped while it is paused", async () => {
    const { pid } = server;
    await server.pause();
    await server.stop();
    expect(identify(pid)).toBeUndefined();
    await server.start();
  });

  test("leaves nothing behind", async () => {
    const parts = [server.pid, ...descendantsOf(server.pid).map(({ pid }) => pid)];
    await server[Symbol.asyncDispose]();
    expect([parts.flatMap((pid) => identify(pid) ?? []), existsSync(server.folder)]).toEqual([[], false]);
    expect(await isReady(kind, server)).toBe(false);
  });
});

describe("a server of a test's own", () => {
  test("keeps what it acknowledged when it is killed", async () => {
    await using server = await LocalServer.start(redis, { environment });
    expect(await redisSays(server, "SET k v")).toBe("+OK");
    await server.kill();
    await server.start();
    expect(await redisSays(server, "STRLEN k")).toBe(":1");
  });

  test("is another process on the same data when it was restarted", async () => {
    await using server = await LocalServer.start(redis, { environment });
    await redisSays(server, "SET k v");
    const { pid } = server;
    await server.restart();
    expect([server.pid === pid, await redisSays(server, "STRLEN k")]).toEqual([false, ":1"]);
  });

  test("takes further arguments, which may name files in its folder", async () => {
    const given: string[] = [];
    const more = (folder: string) => {
      given.push(folder);
      return ["--requirepass", "secret"];
    };
    await using server = await LocalServer.start(redis, { environment, arguments: more });
    expect(given).toEqual([server.folder]);
    expect(await redisSays(server, "GET k")).toMatch(/^-NOAUTH/);
  });

  test("that does not start says why, with its log, and leaves no folder", async () => {
    const folders: string[] = [];
    const wrong = (folder: string) => {
      folders.push(folder);
      return ["--no-such-setting", "1"];
    };
    const start = LocalServer.start(redis, { environment, arguments: wrong });
    await expect(start).rejects.toThrow(/redis did not start: it ended.*server\.log:.*no-such-setting/s);
    expect(folders.map(existsSync)).toEqual([false]);
  });

  test("is not taken for another one that has its port", async () => {
    await using first = await LocalServer.start(redis, { environment });
    const second = LocalServer.start(redis, { environment, ports: [first.port] });
    await expect(second).rejects.toThrow(/redis did not start: 127\.0\.0\.1:\d+ is in use/);
  });

  test("that died by itself can be started again", async () => {
    await using server = await LocalServer.start(nats, { environment });
    const identity = identify(server.pid)!;
    process.kill(server.pid, "SIGKILL");
    expect(await awaitCondition(() => !isRunning(identity), { withinMs })).toBe(true);
    await server.start();
    expect(await isReady(nats, server)).toBe(true);
  });

  test.each([redis, postgres])("$name ends with the process that started it, when that is killed", async (kind) => {
    const program = `
      import { LocalServer, ${kind.name} } from "@prism-data/local-servers";
      const server = await LocalServer.start(${kind.name}, { environment: process.env });
      console.log(server.pid);
      setInterval(() => {}, 1_000);`;
    const entry = new URL("../dist/index.js", import.meta.url).href;
    const source = program.replace("@prism-data/local-servers", entry);
    const starter = spawn(process.execPath, ["--input-type=module", "--eval", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(starter.stdout, "data");
    const identity = identify(Number(line))!;
    expect(isRunning(identity)).toBe(true);
    starter.kill("SIGKILL");
    expect(await awaitCondition(() => !isRunning(identity), { withinMs })).toBe(true);
  });
});

describe("a program that is missing", () => {
  test.each([redis, nats, kafka])("$name is an error that says what to do", async (kind) => {
    const start = LocalServer.start(kind, { environment: { PATH: "/nowhere" } });
    await expect(start).rejects.toThrow(/There is no .*`make backends`|There is no java/s);
  });
});
