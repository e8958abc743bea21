import { expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { configOf, memory, namespaceOn, sqlite } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { type PrismConfig, PrismProcess } from "./prism-process.ts";
import { childrenOf } from "./process-table.ts";

// Reading the file, starting a plugin and draining another.
const reloadedWithinMs = 15_000;

const keyValueOn = (backend: string, more: object = {}) => ({ pattern: "key-value", backend, ...more });

const before = configOf([memory], { namespaces: { leaving: keyValueOn("memory"), moving: keyValueOn("memory") } });
const after = configOf([memory, sqlite], {
  namespaces: { arriving: keyValueOn("memory"), moving: keyValueOn("sqlite") },
});

// What makes the proxy read its file again.
const triggers: readonly (readonly [string, (prism: PrismProcess, config: PrismConfig | string) => Promise<void>])[] = [
  ["a change of the file", (prism, config) => prism.writeConfig(config)],
  [
    "SIGHUP",
    async (prism, config) => {
      await prism.writeConfig(config);
      prism.signal("SIGHUP");
    },
  ],
];

test.each(triggers)("%s adds, changes and removes without a failed call on the others", async (_, trigger) => {
  await using prism = await PrismProcess.start({ config: before });
  const memoryPid = await pluginPid(prism.admin, memory.name);
  const load = keepCalling(prism.listen, namespaceOn(memory));

  await trigger(prism, after);
  await pluginPid(prism.admin, sqlite.name);
  await served(prism, "arriving");
  await served(prism, "moving");
  await refused(prism, "leaving");

  await trigger(prism, before);
  await served(prism, "leaving");
  await refused(prism, "arriving");
  await eventually(
    "the end of the plugin that was removed",
    reloadedWithinMs,
    () => childrenOf(prism.pid).length === 1,
  );
  expect(await load.stop()).toBeGreaterThan(0);
  expect(await pluginPid(prism.admin, memory.name)).toBe(memoryPid);
});

test("a changed backend is replaced without a failed call", async () => {
  const config = (path: string) =>
    configOf([], {
      backends: { memory: { plugin: "memstore" }, files: { plugin: "sqlite", settings: { path } } },
      namespaces: { changing: keyValueOn("files"), staying: keyValueOn("memory") },
    });
  await using prism = await PrismProcess.start({ config: config("./one.db") });
  const pid = await pluginPid(prism.admin, "files");
  const loads = [keepCalling(prism.listen, "changing"), keepCalling(prism.listen, "staying")];
  await prism.writeConfig(config("./two.db"));
  await pluginPid(prism.admin, "files", pid, reloadedWithinMs);
  for (const load of loads) expect(await load.stop()).toBeGreaterThan(0);
});

test("a broken file leaves the last good one serving, and says so", async () => {
  await using prism = await PrismProcess.start({ config: before });
  const load = keepCalling(prism.listen, namespaceOn(memory));
  await prism.writeConfig("backends: [this is: not it");
  prism.signal("SIGHUP");
  await eventually("a log line on the broken file", reloadedWithinMs, () => {
    return prism.log.some(({ level, msg }) => level === "error" && msg?.includes("last good one serves"));
  });
  const wrong = { ...before, namespaces: { ...before.namespaces, lost: keyValueOn("memroy") } };
  await prism.writeConfig(wrong);
  await eventually("a log line on the misspelt backend", reloadedWithinMs, () => prism.stderr.includes("memroy"));
  await served(prism, "leaving");

  await prism.writeConfig(after);
  await served(prism, "arriving");
  expect(await load.stop()).toBeGreaterThan(0);
});

/** Writes and reads until stopped; every call must succeed. Tells how many rounds there were. */
function keepCalling(listen: string, namespace: string): { stop(): Promise<number> } {
  const client = new KeyValueClient(listen, namespace);
  let stopped = false;
  let rounds = 0;
  const run = async () => {
    while (!stopped) {
      await client.set("round", String(rounds));
      await client.get("round");
      rounds += 1;
    }
    return rounds;
  };
  const running = run().finally(() => client[Symbol.dispose]());
  // Its failure is seen at stop(), not before.
  running.catch(() => {});
  return {
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

async function served(prism: PrismProcess, namespace: string): Promise<void> {
  using client = new KeyValueClient(prism.listen, namespace);
  await eventually(`an answer from ${namespace}`, reloadedWithinMs, () =>
    client.exists("k").then(
      () => true,
      () => false,
    ),
  );
}

async function refused(prism: PrismProcess, namespace: string): Promise<void> {
  using client = new KeyValueClient(prism.listen, namespace);
  await eventually(`NAMESPACE_NOT_FOUND for ${namespace}`, reloadedWithinMs, async () => {
    const answer = client.exists("k");
    return answer.then(
      () => false,
      () => failureFrom(answer).then(({ reason }) => reason === "NAMESPACE_NOT_FOUND"),
    );
  });
}
