import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { backendOf, pluginPid } from "./admin-client.ts";
import { configOf, memory, namespaceOn, redis, sqlite } from "./backends.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";
import { runSequenceLoad } from "./sequence-load.ts";

const killEveryMs = 2_000;
const kills = 15;

test("kill -9 of two plugins every 2 s for 30 s under load breaks no promise", { timeout: 90_000 }, async () => {
  await using prism = await PrismProcess.start({ config: configOf([memory, sqlite, redis]) });
  const tested = [memory, sqlite, redis];
  const clients = tested.map((backend) => new KeyValueClient(prism.listen, namespaceOn(backend)));
  const memoryPid = await pluginPid(prism.admin, memory.name);
  const stop = new AbortController();
  const loads = Promise.all(clients.map((client) => runSequenceLoad(client, { lanes: 8, stop: stop.signal })));

  for (let kill = 0; kill < kills; kill += 1) {
    await delay(killEveryMs);
    for (const { name } of [sqlite, redis]) process.kill(await pluginPid(prism.admin, name), "SIGKILL");
  }
  for (const { name } of [sqlite, redis]) await pluginPid(prism.admin, name);
  stop.abort();
  const [onMemory, onSqlite, onRedis] = await loads;
  for (const client of clients) client[Symbol.dispose]();

  expect(onSqlite?.wrong).toEqual([]);
  expect(onRedis?.wrong).toEqual([]);
  expect(onMemory).toMatchObject({ wrong: [], interrupted: 0 });
  for (const report of [onMemory, onSqlite, onRedis]) expect(report?.acknowledged).toBeGreaterThan(1_000);
  // The load did meet the crashes.
  expect((onSqlite?.interrupted ?? 0) + (onRedis?.interrupted ?? 0)).toBeGreaterThan(0);
  expect((await backendOf(prism.admin, memory.name)).pid).toBe(memoryPid);
  expect((await backendOf(prism.admin, sqlite.name)).restarts).toBe(kills);
});
