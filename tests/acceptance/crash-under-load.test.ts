import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { backendOf, pluginPid } from "./admin-client.ts";
import { configOf, memory, namespaceOn, redis, sqlite } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";
import { runSequenceLoad } from "./sequence-load.ts";

const killEveryMs = 2_000;
const rounds = 15;
const lanes = 8;
// A slow machine finds a plugin still starting in some rounds; a fast one kills in each.
const killsMin = 8;
const writesMin = 500;
const backWithinMs = 15_000;

test("kill -9 of two plugins every 2 s for 30 s under load breaks no promise", { timeout: 90_000 }, async () => {
  const tested = [memory, sqlite, redis];
  await using prism = await PrismProcess.start({ config: configOf(tested) });
  const memoryPid = await pluginPid(prism.admin, memory.name);
  const stop = new AbortController();
  const loads = tested.map(async (backend) => {
    using client = new KeyValueClient(prism.listen, namespaceOn(backend));
    return await runSequenceLoad(client, { lanes, stop: stop.signal });
  });

  const kills = { [sqlite.name]: 0, [redis.name]: 0 };
  for (let round = 0; round < rounds; round += 1) {
    await delay(killEveryMs);
    for (const { name } of [sqlite, redis]) {
      const { state, pid } = await backendOf(prism.admin, name);
      if (state !== "ready" || pid === 0) continue;
      process.kill(pid, "SIGKILL");
      kills[name] = (kills[name] ?? 0) + 1;
    }
  }
  for (const { name } of [sqlite, redis]) {
    await eventually(`${name} is back from every kill`, backWithinMs, async () => {
      const { state, restarts } = await backendOf(prism.admin, name);
      return state === "ready" && restarts === kills[name];
    });
  }
  stop.abort();
  const [onMemory, onSqlite, onRedis] = await Promise.all(loads);

  expect(onMemory).toMatchObject({ wrong: [], interrupted: 0 });
  expect(onSqlite?.wrong).toEqual([]);
  expect(onRedis?.wrong).toEqual([]);
  for (const report of [onMemory, onSqlite, onRedis]) expect(report?.acknowledged).toBeGreaterThan(writesMin);
  for (const count of Object.values(kills)) expect(count).toBeGreaterThanOrEqual(killsMin);
  // The load did meet the crashes.
  expect((onSqlite?.interrupted ?? 0) + (onRedis?.interrupted ?? 0)).toBeGreaterThan(0);
  expect((await backendOf(prism.admin, memory.name)).pid).toBe(memoryPid);
});
