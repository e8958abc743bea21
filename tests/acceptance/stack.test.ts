import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { listeningAddresses } from "./open-sockets.ts";
import { type CommandResult, runPrism, startPrismCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { isLive } from "./process-table.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

/** Kafka is the slowest, on a machine that does much else. */
const endedWithinMs = 90_000;
const timeout = 120_000;
const all = ["redis", "nats", "postgres", "kafka"];

/** 127.0.0.1, also in its IPv6 form. */
const loopback = /^(0{16}FFFF0000)?0100007F$/;

interface Listed {
  readonly name: string;
  readonly state: string;
  readonly pid?: number;
  readonly url?: string;
}

interface Answer {
  readonly code: number | null;
  readonly servers: readonly Listed[];
  readonly problems: readonly { readonly server: string; readonly problem: string }[];
  readonly backends: Record<string, unknown>;
}

let folder: TemporaryFolder;

beforeAll(async () => {
  folder = await createTemporaryFolder();
});
afterAll(async () => {
  await stack(["down", "--volumes"]);
  await folder[Symbol.asyncDispose]();
}, timeout);

function stack(given: readonly string[], environment: Record<string, string> = {}): Promise<CommandResult> {
  return runPrism(["stack", ...given], { folder: folder.path, environment, endedWithinMs });
}

async function answerOf(given: readonly string[], environment?: Record<string, string>): Promise<Answer> {
  const { code, stdout, stderr } = await stack([...given, "--json"], environment);
  expect(stderr).toBe("");
  return { code, ...JSON.parse(stdout.toString()) };
}

const statesOf = ({ servers }: Answer) => servers.map(({ state }) => state);
const pidsOf = ({ servers }: Answer) => servers.map(({ pid }) => pid);

describe("prism stack", { timeout }, () => {
  let first: Answer;

  test("starts all servers, once, whoever asks at the same time", async () => {
    const [one, other] = await Promise.all([answerOf(["up"]), answerOf(["up"])]);
    first = one;
    expect(one).toMatchObject({ code: 0, problems: [] });
    expect(other).toMatchObject({ code: 0, problems: [] });
    expect([one.servers.map(({ name }) => name), statesOf(one)]).toEqual([all, all.map(() => "running")]);
    expect(pidsOf(other)).toEqual(pidsOf(one));
    for (const pid of pidsOf(one)) expect(isLive(pid!)).toBe(true);
    expect(await answerOf(["status"])).toMatchObject({ code: 0, servers: one.servers });
  });

  test("says how Prism is told of them, and Prism can use them", async () => {
    const config = {
      backends: { redis: first.backends.redis },
      namespaces: { kept: { pattern: "key-value", backend: "redis" } },
    };
    await using prism = await PrismProcess.start({ config });
    using client = new KeyValueClient(prism.listen, "kept");
    await client.set("k", "v");
    expect(await client.text("k")).toBe("v");
    expect((await stack(["up", "redis"])).stdout.toString()).toMatch(
      /^ {2}redis: \{ plugin: redis, settings: \{ url: /m,
    );
  });

  test("listens on the loopback alone", () => {
    for (const { name, pid } of first.servers) {
      const addresses = listeningAddresses(pid!);
      expect([name, addresses.length > 0, addresses.filter((address) => !loopback.test(address))]).toEqual([
        name,
        true,
        [],
      ]);
    }
  });

  test("shows the log of a server, and follows it until Ctrl-C", async () => {
    expect((await stack(["logs", "postgres"])).stdout.toString()).toContain("ready to accept connections");
    await using logs = startPrismCommand(["stack", "logs", "nats", "--follow"], { folder: folder.path });
    await eventually("the log so far", 10_000, () => logs.stdout.includes("Server is ready"));
    const before = logs.stdout.length;
    await stack(["down", "nats"]);
    await eventually("the server's last words", 10_000, () => logs.stdout.slice(before).includes("Exiting"));
    logs.signal("SIGINT");
    expect(await logs.ended).toBe(0);
    expect(await answerOf(["up", "nats"])).toMatchObject({ code: 0 });
  });

  test("says that a server is gone, and brings it back with its address and data", async () => {
    const { pid, url } = first.servers.find(({ name }) => name === "redis")!;
    process.kill(pid!, "SIGKILL");
    await eventually("its end", 10_000, () => !isLive(pid!));
    const gone = await answerOf(["status", "redis"]);
    expect(gone).toMatchObject({ code: 1, servers: [{ state: "ended" }] });
    const back = await answerOf(["up", "redis"]);
    expect(back).toMatchObject({ code: 0, servers: [{ state: "running", url }] });
    const config = {
      backends: { redis: back.backends.redis },
      namespaces: { kept: { pattern: "key-value", backend: "redis" } },
    };
    await using prism = await PrismProcess.start({ config });
    using client = new KeyValueClient(prism.listen, "kept");
    expect(await client.text("k")).toBe("v");
  });

  test("stops all of them, keeps their data, and removes them when it is told to", async () => {
    const running = pidsOf(await answerOf(["status"]));
    const down = await answerOf(["down"]);
    expect([down.code, statesOf(down)]).toEqual([0, all.map(() => "stopped")]);
    for (const pid of running) expect(isLive(pid!)).toBe(false);
    expect(existsSync(join(folder.path, ".prism/stack/postgres"))).toBe(true);
    const removed = await answerOf(["down", "--volumes"]);
    expect([removed.code, statesOf(removed)]).toEqual([0, all.map(() => "absent")]);
    expect(existsSync(join(folder.path, ".prism/stack"))).toBe(false);
  });
});

describe("prism stack fails clearly", () => {
  test("a program that is missing: 3, and the others are started", { timeout }, async () => {
    const nowhere = { PRISM_PROGRAMS_DIR: join(folder.path, "nowhere") };
    const up = await answerOf(["up", "redis", "kafka"], nowhere);
    expect(up).toMatchObject({
      code: 3,
      servers: [{ state: "running" }, { state: "absent" }],
      problems: [{ server: "kafka", problem: expect.stringContaining("make backends") }],
    });
    const text = await stack(["up", "kafka"], nowhere);
    expect([text.code, text.stderr]).toEqual([3, expect.stringMatching(/^prism: kafka: .*make backends/)]);
  });

  test("a server that there is none of: 2", async () => {
    const { code, stderr } = await stack(["up", "rdis"]);
    expect([code, stderr]).toEqual([2, expect.stringContaining("redis, nats, postgres, kafka")]);
  });

  test("the log of a server that was never started: 1, with what starts it", async () => {
    const { code, stderr } = await stack(["logs", "nats"]);
    expect([code, stderr]).toEqual([1, expect.stringContaining("prism stack up nats")]);
  });

  test("a record that cannot be read: 1, with what to do", async () => {
    const dir = join(folder.path, "broken");
    await mkdir(join(dir, "nats"), { recursive: true });
    await writeFile(join(dir, "nats", "server.json"), "{");
    const { code, stderr } = await stack(["status", "--dir", dir]);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^prism: .*server\.json cannot be read .*remove the file/),
    ]);
  });

  test("a folder that others may not pass is no hindrance for a server that refuses root", { timeout }, async () => {
    const dir = join(folder.path, "private", "stack");
    await mkdir(join(folder.path, "private"), { mode: 0o700 });
    try {
      expect(await answerOf(["up", "postgres", "--dir", dir])).toMatchObject({
        code: 0,
        servers: [{ state: "running" }],
      });
    } finally {
      const down = await answerOf(["down", "postgres", "--volumes", "--dir", dir]);
      expect(down).toMatchObject({ code: 0, servers: [{ state: "absent" }] });
    }
  });
});
