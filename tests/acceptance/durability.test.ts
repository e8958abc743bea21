import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { redis as redisServer, startOwnServer } from "../servers/own-server.ts";
import { memory, redis, sqlite } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const withinMs = 20_000;

const on = (backend: string, durability?: string) => ({ pattern: "key-value", backend, durability });

/** Sets a Redis otherwise, as an operator does while it runs. */
async function configure(port: number, setting: string): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.write(`CONFIG SET ${setting}\r\n`);
  const [answer] = await once(socket, "data");
  socket.destroy();
  expect(String(answer)).toBe("+OK\r\n");
}

const readiness = async ({ admin }: PrismProcess) => (await fetch(`http://${admin}/readyz?verbose`)).text();

test("a namespace that must survive a power cut is served by a Redis that syncs every write, and by no other", async () => {
  await using server = await startOwnServer(redisServer);
  await configure(server.port, "appendfsync everysec");
  const cache = { plugin: "redis", settings: { url: server.url } };
  const config = { backends: { cache }, namespaces: { kept: on("cache", "disk"), fast: on("cache", "backend") } };
  await using prism = await PrismProcess.start({ config });

  using fast = new KeyValueClient(prism.listen, "fast");
  await fast.set("k", "v");
  using kept = new KeyValueClient(prism.listen, "kept");
  const failure = await failureFrom(kept.set("k", "v"));
  expect(failure).toMatchObject({ code: "FAILED_PRECONDITION", reason: "DURABILITY_MISSING" });
  expect(failure.message).toContain("has appendfsync everysec; set appendfsync always");
  expect(await readiness(prism)).toContain('[-]namespace "kept" failed: DURABILITY_MISSING: ');

  await configure(server.port, "appendfsync always");
  await eventually("the namespace serves", withinMs, async () => {
    return (await readiness(prism)).includes('[+]namespace "kept" bound');
  });
  await kept.set("k", "v");
});

test("a namespace that needs the word of a Redis that is away waits for it", async () => {
  await using server = await startOwnServer(redisServer);
  await server.kill();
  const cache = { plugin: "redis", settings: { url: server.url } };
  const config = { backends: { cache }, namespaces: { kept: on("cache", "disk") } };
  await using prism = await PrismProcess.start({ config });
  expect(await readiness(prism)).toContain('[-]namespace "kept" pending: ');
  await server.start();
  using kept = new KeyValueClient(prism.listen, "kept");
  await eventually("the namespace serves", withinMs, () =>
    kept.set("k", "v").then(
      () => true,
      () => false,
    ),
  );
});

test("prism check refuses a durability that a plugin never gives, and knows no others", async () => {
  await using folder = await createTemporaryFolder();
  const backends = { memory: memory.config(), sqlite: sqlite.config(), redis: redis.config() };
  const check = async (namespaces: object) => {
    const file = join(folder.path, "prism.yaml");
    writeFileSync(file, JSON.stringify({ backends, namespaces }));
    return runPrism(["check", "-c", file]);
  };
  expect(await check({ a: on("sqlite", "disk"), b: on("redis", "disk"), c: on("memory") })).toMatchObject({ code: 0 });
  const wrong = await check({ a: on("memory", "backend"), b: on("sqlite", "always") });
  expect(wrong.code).toBe(2);
  expect(wrong.stderr).toContain('namespaces.a.durability: the plugin of backend "memory" keeps nothing');
  expect(wrong.stderr).toContain("namespaces.b.durability");
});
