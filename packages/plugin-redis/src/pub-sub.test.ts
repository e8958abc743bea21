import { randomUUID } from "node:crypto";
import { LocalServer, redis, sharedAddress } from "@prism-data/local-servers";
import type { SubscribeRequest } from "@prism-data/pattern-sdk";
import { Redis } from "ioredis";
import { afterAll, expect, onTestFinished, test } from "vitest";
import type { RedisPubSub } from "./pub-sub.js";
import { eventually, failureOf, messageWith, type OpenBackend, openBackend } from "./testing/open-backend.js";
import { DeliveryTaker } from "./testing/taker.js";

const url = sharedAddress(redis, process.env);
const admin = new Redis(url);
afterAll(() => admin.disconnect());

async function opened(at = url): Promise<OpenBackend> {
  const backend = await openBackend({ url: at });
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}

async function subscribe(pubSub: RedisPubSub, request: Partial<SubscribeRequest> = {}) {
  const taker = new DeliveryTaker();
  const subscription = await pubSub.subscribe(
    {
      topic: "t",
      delivery: "at-least-once",
      outstandingMessagesMax: 1_000,
      outstandingBytesMax: 2 ** 20,
      acknowledgeTimeoutMs: 60_000,
      ...request,
    },
    taker,
  );
  return Object.assign(taker, { subscription });
}

const publish = (pubSub: RedisPubSub, ...ids: string[]) =>
  pubSub.publish(
    "t",
    ids.map((id) => messageWith({ id })),
  );
const namesOf = (namespace: string) => admin.keys(`prism:pubsub:{${namespace}}:*`);

test("two processes publish to each other's subscriptions: to all, and to one of each group", async () => {
  const name = randomUUID();
  const [here, there] = [await (await opened()).pubSub({ name }), await (await opened()).pubSub({ name })];
  const all = await Promise.all([here, there].map((one) => subscribe(one, { delivery: "at-most-once", topic: "*" })));
  const shared = await Promise.all([here, there].map((one) => subscribe(one, { group: "g" })));
  const ids = Array.from({ length: 50 }, (_, index) => `${index}`);
  await publish(here, ...ids.slice(0, 25));
  await publish(there, ...ids.slice(25));
  await eventually(() => all.every((taker) => taker.taken.length === 50));
  for (const taker of all) expect(taker.ids).toEqual(ids);
  await eventually(() => shared[0]!.taken.length + shared[1]!.taken.length === 50);
  expect(shared.flatMap((taker) => taker.ids).sort()).toEqual([...ids].sort());
});

test("what nobody is in and holds nothing is removed from the server, and a subscription's own with it", async () => {
  const name = randomUUID();
  const pubSub = await (await opened()).pubSub({ name, options: { retentionMs: 1_000 } });
  const [own, grouped] = [await subscribe(pubSub, { topic: ">" }), await subscribe(pubSub, { group: "g" })];
  await publish(pubSub, "a");
  await eventually(() => own.taken.length === 1 && grouped.taken.length === 1);
  await own.subscription.close();
  expect(await admin.hlen(`prism:pubsub:{${name}}:groups`)).toBe(1);
  await grouped.subscription.close();
  await publish(pubSub, "kept for a second");
  await eventually(async () => (await namesOf(name)).length === 0);
});

test("the data of a namespace is deleted without a trace", async () => {
  const name = randomUUID();
  const backend = await opened();
  const pubSub = await backend.pubSub({ name, options: { maxDeliveries: 1 } });
  const member = await subscribe(pubSub, { group: "g" });
  await publish(pubSub, "a", "b");
  await eventually(() => member.taken.length === 2);
  await member.subscription.reject!([member.taken[0]!.deliveryId], { delayMs: 60_000, cause: "" });
  await member.subscription.close();
  pubSub.close();
  expect(await backend.backend.pubSub?.deleteData(name)).toHaveLength(1);
  expect(await namesOf(name)).toEqual([]);
  expect(await backend.backend.pubSub?.deleteData(name)).toEqual([]);
});

test("while Redis is killed publishing fails fast; when it is back subscriptions go on, and none has lost anything", async () => {
  const durable = ["--appendonly", "yes", "--appendfsync", "always"];
  await using server = await LocalServer.start(redis, { environment: process.env, arguments: () => durable });
  const pubSub = await (await opened(server.url)).pubSub();
  const [member, own] = [await subscribe(pubSub, { group: "g", acknowledgeTimeoutMs: 1_000 }), await subscribe(pubSub)];
  const reader = await subscribe(pubSub, { delivery: "at-most-once" });
  await publish(pubSub, "a", "b");
  await eventually(() => [member, own, reader].every(({ taken }) => taken.length === 2));
  await member.subscription.acknowledge!([member.taken[0]!.deliveryId]);
  await server.kill();
  expect((await failureOf(publish(pubSub, "lost"))).reason).toBe("BACKEND_UNAVAILABLE");
  await server.start();
  await eventually(() => publish(pubSub, "back").then(Boolean, () => false));
  await eventually(() => ["b", "back"].every((id) => member.ids.slice(2).includes(id)));
  await eventually(() => [own, reader].every(({ ids }) => ids.includes("back")));
  expect(reader.ids).toEqual(["a", "b", "back"]);
  expect(member.ids.slice(2)).not.toContain("a");
  expect([member, own, reader].flatMap(({ failures }) => failures)).toEqual([]);
});
