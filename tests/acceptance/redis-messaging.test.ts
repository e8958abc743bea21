import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { redis } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { PrismProcess } from "./prism-process.ts";
import { PubSubClient } from "./pub-sub-client.ts";
import { QueueClient, textOf } from "./queue-client.ts";

const withinMs = 20_000;
const everyByte = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));

/** Namespaces of different runs never meet on the shared Redis. */
const run = randomUUID().slice(0, 8);
const jobs = `jobs-${run}`;
const events = `events-${run}`;

let prism: PrismProcess;
beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: { redis: redis.config() },
      namespaces: {
        [jobs]: { pattern: "queue", backend: "redis", options: { max_deliveries: 3 } },
        [events]: { pattern: "pub-sub", backend: "redis", options: { max_deliveries: 2 } },
      },
    },
  });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** Kills the plugin, and returns when another process serves. */
async function killPlugin(): Promise<void> {
  const pid = await pluginPid(prism.admin, "redis");
  process.kill(pid, "SIGKILL");
  await pluginPid(prism.admin, "redis", pid);
}

test("a queue in Redis outlives the plugin: leases hold, what was acknowledged is gone, dead letters are there", async () => {
  using app = new QueueClient(prism.listen, jobs);
  const message = { id: "first", key: "k", headers: [{ name: "h", value: everyByte }], payload: everyByte };
  await app.send({ message }, "second", "third", "poison");
  const [first, second] = [await app.receiveOne(), await app.receiveOne()];
  expect(first.message).toMatchObject(message);
  expect(await app.acknowledge(second.deliveryId)).toEqual([0]);
  const worker = app.consume({ maxOutstandingMessages: 1 });
  await eventually("the worker has a message", withinMs, () => worker.deliveries.length === 1);
  await killPlugin();
  expect(await failureFrom(worker.ended)).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED" });
  expect(await app.acknowledge(first.deliveryId)).toEqual([0]);
  expect(await app.acknowledge(worker.deliveries[0]!.deliveryId)).toEqual([0]);
  for (let count = 1; count <= 3; count++) {
    const delivery = await app.receiveOne();
    expect([textOf(delivery), delivery.deliveryCount]).toEqual(["poison", count]);
    await app.reject(delivery.deliveryId, { cause: `cause ${count}` });
  }
  await killPlugin();
  expect(await app.deadLetters()).toMatchObject([{ cause: "cause 3", deliveryCount: 3 }]);
  expect(await app.redrive()).toBe(1);
  expect(textOf(await app.receiveOne())).toBe("poison");
});

test("a group in Redis outlives the plugin: it keeps what is published, and gives up what was rejected too often", async () => {
  using app = new PubSubClient(prism.listen, events);
  const reader = await app.subscribe("a.*");
  const first = await app.hold("a.>", { group: "g" });
  await app.publish("a.b", { id: "first", headers: [{ name: "h", value: everyByte }], payload: everyByte });
  expect((await reader.count(1))[0]).toMatchObject({ topic: "a.b", message: { id: "first", payload: everyByte } });
  first.acknowledge(...(await first.count(1)));
  await first.leave();
  await app.publish("a.b.c", { id: "kept" });
  await killPlugin();
  expect(await failureFrom(reader.ended)).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED" });
  const dead = await app.hold("dead_letter.g");
  const next = await app.hold("a.>", { group: "g" });
  await app.publish("a.d", { id: "new" });
  expect((await next.count(2)).map(({ message }) => message.id)).toEqual(["kept", "new"]);
  next.reject(next.deliveries[0]!);
  next.reject((await next.count(3))[2]!);
  const [letter] = await dead.count(1);
  expect(letter).toMatchObject({ topic: "dead_letter.g", message: { id: "kept" } });
  await next.leave();
  await dead.leave();
});
