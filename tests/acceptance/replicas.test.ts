import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backendOf } from "./admin-client.ts";
import { configOf, namespaceOn, redis } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { GrpcClient } from "./grpc-client.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { type LoadReport, runSequenceLoad } from "./sequence-load.ts";

const lanes = 8;
const changesWithinMs = 60_000;
const backWithinMs = 15_000;

/** A little of the load between two changes, so that each change meets it. */
const betweenMs = 300;

let prism: PrismProcess;
let admin: GrpcClient;
beforeAll(async () => {
  const replicated = { ...redis, config: () => ({ ...redis.config(), replicas: { min: 1, max: 3 } }) };
  prism = await PrismProcess.start({ config: configOf([replicated]) });
  admin = new GrpcClient(prism.admin, "prism.admin.v1.AdminService");
});
afterAll(async () => {
  admin?.[Symbol.dispose]();
  await prism?.[Symbol.asyncDispose]();
});

/** The process ids of the replicas that are ready. */
async function readyPids(): Promise<number[]> {
  const { replicas } = await backendOf(prism.admin, redis.name);
  return replicas.filter(({ state }) => state === "ready").map(({ pid }) => Number(pid));
}

async function scale(replicas: number): Promise<number[]> {
  await admin.unary("SetBackendReplicas", { backend: redis.name, replicas }, backWithinMs);
  return await readyPids();
}

/** What an app saw whose calls went on while something was done. */
async function underLoad(change: () => Promise<void>): Promise<LoadReport> {
  const stop = new AbortController();
  using client = new KeyValueClient(prism.listen, namespaceOn(redis));
  const load = runSequenceLoad(client, { lanes, stop: stop.signal });
  try {
    await delay(betweenMs);
    await change();
    await delay(betweenMs);
  } finally {
    stop.abort();
  }
  return await load;
}

const callsOf = (replica: number) =>
  readMetric(prism.admin, "prism_plugin_calls_total", `backend="${redis.name}",replica="${replica}"`);

test("from one replica to three and back costs no call, and all three take their share", {
  timeout: changesWithinMs,
}, async () => {
  expect(await readyPids()).toHaveLength(1);
  const report = await underLoad(async () => {
    expect(new Set(await scale(3)).size).toBe(3);
    await eventually("calls on every replica", backWithinMs, async () =>
      (await Promise.all([1, 2, 3].map(callsOf))).every((calls) => (calls ?? 0) > 50),
    );
    expect(await readMetric(prism.admin, "prism_plugin_replicas", `backend="${redis.name}",state="ready"`)).toBe(3);
    expect(await scale(1)).toHaveLength(1);
  });
  expect(report).toMatchObject({ wrong: [], interrupted: 0 });
  expect(report.acknowledged).toBeGreaterThan(100);
});

test("a restart replaces one after the other and costs no call", { timeout: changesWithinMs }, async () => {
  const before = await scale(2);
  const report = await underLoad(async () => {
    await admin.unary("RestartBackend", { backend: redis.name }, backWithinMs);
  });
  expect(report).toMatchObject({ wrong: [], interrupted: 0 });
  const after = await readyPids();
  expect(after).toHaveLength(2);
  expect(after.filter((pid) => before.includes(pid))).toEqual([]);
});

test("a killed replica costs no call that may be repeated: the others take it", {
  timeout: changesWithinMs,
}, async () => {
  await scale(3);
  const restartsBefore = (await backendOf(prism.admin, redis.name)).restarts;
  const kills = 3;
  const report = await underLoad(async () => {
    for (let kill = 0; kill < kills; kill += 1) {
      const victim = (await readyPids())[1]!;
      process.kill(victim, "SIGKILL");
      expect((await backendOf(prism.admin, redis.name)).state).toBe("ready");
      await eventually("three replicas without it", backWithinMs, async () => {
        const pids = await readyPids();
        return pids.length === 3 && !pids.includes(victim);
      });
    }
  });
  // Writes without a token that the dead process held; never more than there are lanes.
  expect(report.wrong).toEqual([]);
  expect(report.interrupted).toBeLessThanOrEqual(kills * lanes);
  expect((await backendOf(prism.admin, redis.name)).restarts).toBe(restartsBefore + kills);
});

test("scaling answers when also a replica serves again that had just ended", { timeout: changesWithinMs }, async () => {
  const victim = (await scale(2))[1]!;
  process.kill(victim, "SIGKILL");
  await eventually("the end is seen", backWithinMs, async () => !(await readyPids()).includes(victim));
  expect(await scale(2)).toHaveLength(2);
});

test("how many there may be is the configuration's to say", async () => {
  for (const replicas of [0, 4]) {
    const failure = await failureFrom(admin.unary("SetBackendReplicas", { backend: redis.name, replicas }, 5_000));
    expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", reason: "INVALID_FIELD" });
  }
});

test("prism plugin scale changes it, and prism plugin describe shows each process", async () => {
  const at = ["--admin", prism.admin];
  const scaled = await runPrism(["plugin", "scale", redis.name, "2", ...at]);
  const pids = await readyPids();
  expect(scaled.code).toBe(0);
  expect(scaled.stdout.toString()).toBe(`${redis.name} is served by process ${pids.join(", ")}\n`);
  const { stdout } = await runPrism(["plugin", "describe", redis.name, ...at]);
  expect(stdout.toString()).toMatch(
    new RegExp(`process 1 +${pids[0]} ready\nprocess 2 +${pids[1]} ready\nreplicas +1 to 3\n`),
  );
});
