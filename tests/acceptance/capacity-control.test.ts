import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { kafka, redis } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { StreamClient } from "./stream-client.ts";

/** Enough for more than two partitions, in one call. */
const batch = 200;

test("a load that stays gets the log more partitions, up to the bound, with nothing lost; each step is logged with its reason", async () => {
  const run = randomUUID().slice(0, 8);
  const [growing, ofFile] = [`growing-${run}`, `file-${run}`];
  const declared = { pattern: "stream", backend: "kafka", options: { partitions: 1, growable: true } };
  const configIn = (mode: string) => ({
    backends: { kafka: kafka.config() },
    namespaces: { [ofFile]: declared },
    capacity: { mode, interval: "300ms", raise_after: 2, cooldown: "1s", partitions_max: 3 },
  });
  await using prism = await PrismProcess.start({ config: configIn("observe") });
  await writeFile(join(prism.folder, "more.yaml"), JSON.stringify({ namespaces: { [growing]: declared } }));
  const applied = await runPrism(["namespace", "apply", "more.yaml", "--admin", prism.admin], { folder: prism.folder });
  expect(applied.stdout.toString()).toContain("it is bound");

  using log = new StreamClient(prism.listen, growing);
  using fixed = new StreamClient(prism.listen, ofFile);
  let calls = 0;
  const load = async () => {
    const records = Array.from({ length: batch }, (_, index) => ({ key: `${index}`, payload: `${calls}/${index}` }));
    await Promise.all([log.append(...records), fixed.append(...records)]);
    calls++;
  };
  const linesOf = (msg: string, namespace: string) =>
    prism.log.filter((line) => line.who === "capacity" && line.msg === msg && line.namespace === namespace);
  const advised = await eventually("advice, where only that is wanted", 20_000, async () => {
    await load();
    return linesOf("capacity would be changed", growing)[0];
  });
  expect(advised).toMatchObject({ from: 1, notDone: "capacity.mode is observe" });
  expect((await log.describe()).length).toBe(1);

  await prism.writeConfig(configIn("apply"));
  await eventually("three partitions, where more is wanted", 40_000, async () => {
    await load();
    return (await log.describe()).length === 3;
  });
  await load();

  const texts = await log.texts();
  expect(new Set(texts).size, "every record that was accepted is there").toBe(calls * batch);
  expect((await fixed.describe()).length, "what the file declares is changed there").toBe(1);
  expect(linesOf("capacity would be changed", ofFile)).toContainEqual(
    expect.objectContaining({ notDone: "the file declares the namespace: change it there" }),
  );
  const done = linesOf("capacity changed", growing);
  expect([done[0]?.from, done.at(-1)?.to]).toEqual([1, 3]);
  expect(done[0]).toMatchObject({ backend: "kafka", setting: "options.partitions" });
  expect(done[0]?.why).toMatch(/^\d+ records\/s ÷ 500 records\/s per partition, rounded up$/);
  const steps = (result: string) =>
    readMetric(prism.admin, "prism_capacity_steps_total", `setting="options.partitions",result="${result}"`);
  expect(await steps("applied")).toBe(done.length);
  expect(await steps("failed")).toBeUndefined();

  const explained = await runPrism(["namespace", "explain", growing, "--admin", prism.admin], { folder: prism.folder });
  expect(explained.stdout.toString()).toMatch(/on the backend +nothing differs/);
});

test("a load that rises and falls gets more plugin processes and gives them back, without a failed call", async () => {
  await using prism = await PrismProcess.start({
    config: {
      backends: { redis: { ...redis.config(), replicas: { min: 1, max: 2 } } },
      namespaces: { busy: { pattern: "key-value", backend: "redis" } },
      capacity: {
        mode: "apply",
        interval: "300ms",
        raise_after: 2,
        lower_after: 3,
        cooldown: "1s",
        process_load: 0.05,
      },
    },
  });
  using busy = new KeyValueClient(prism.listen, "busy");
  const steps = () => prism.log.filter(({ who, msg }) => who === "capacity" && msg === "capacity changed");
  await eventually("two processes under load", 30_000, async () => {
    await Promise.all(Array.from({ length: 200 }, (_, index) => busy.get(`${index}`)));
    return steps().length > 0;
  });
  await eventually("one process again when it is quiet", 30_000, () => steps().length > 1);
  expect(steps()).toMatchObject([
    {
      backend: "redis",
      setting: "replicas",
      from: 1,
      to: 2,
      why: expect.stringMatching(/cores for \d+ calls\/s ÷ 0.05/),
    },
    { backend: "redis", setting: "replicas", from: 2, to: 1 },
  ]);
  await Promise.all(Array.from({ length: 200 }, (_, index) => busy.get(`${index}`)));
});
