import { randomUUID } from "node:crypto";
import { kafka, sharedAddress } from "@prism-data/local-servers";
import type { Backend } from "@prism-data/pattern-sdk";
import { Kafka, logLevel } from "kafkajs";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { KafkaStream } from "./stream.js";
import { Following } from "./testing/following.js";
import { callWith, messageOf, openBackend } from "./testing/open-namespace.js";

const brokers = [sharedAddress(kafka, process.env)];
const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
const hourMs = 3_600_000;
const needs = { capabilities: new Set<never>() };
let backend: Backend;
let stream: NonNullable<Backend["stream"]>;
let pubSub: NonNullable<Backend["pubSub"]>;

beforeAll(async () => {
  await admin.connect();
  backend = await openBackend({ brokers });
  stream = backend.stream!;
  pubSub = backend.pubSub!;
});
afterAll(async () => {
  await backend.close!();
  await admin.disconnect();
});

/** Kafka's number for topics among what has settings. */
const topicResource = 2;

async function configOf(topic: string, ...names: string[]): Promise<(string | undefined)[]> {
  const resources = [{ type: topicResource, name: topic, configNames: names }];
  const { resources: described } = await admin.describeConfigs({ resources, includeSynonyms: false });
  const entries = described[0]!.configEntries;
  return names.map((name) => entries.find(({ configName }) => configName === name)?.configValue);
}

async function partitionsOf(topic: string): Promise<number> {
  return (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0]!.partitions.length;
}

/** Gives a topic of one partition another one, as its operator may. */
async function addPartition(topic: string): Promise<void> {
  await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] });
  await vi.waitFor(async () => expect(await partitionsOf(topic)).toBe(2), { timeout: 10_000, interval: 20 });
}

async function alter(topic: string, config: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
  await admin.alterConfigs({ validateOnly: false, resources: [{ type: topicResource, name: topic, configEntries }] });
}

test("a stream's partitions and retention are those of its topic; what was changed there is noticed and set right", async () => {
  const namespace = randomUUID();
  const topic = `prism.${namespace}`;
  const options = { partitions: 3, retentionMs: hourMs, retentionBytes: 2 ** 30, compaction: false };
  const binding = { ...needs, namespace, options };
  expect(await stream.plan!(binding)).toEqual([`would make the topic ${topic}`]);
  const bound = await stream.bind(binding);
  expect(await partitionsOf(topic)).toBe(3);
  expect(await configOf(topic, "retention.ms", "retention.bytes")).toEqual([String(hourMs), String(2 ** 30)]);
  expect(await stream.plan!(binding)).toEqual([]);

  await alter(topic, { "retention.ms": "60000", "min.insync.replicas": "1" });
  const [planned, ...noMore] = await stream.plan!(binding);
  expect(planned).toContain(`would change the topic ${topic}: `);
  expect(planned).toContain("retention.ms 60000 -> 3600000");
  expect(noMore).toEqual([]);
  const again = await stream.bind(binding);
  expect(again.changes!.join()).toContain("retention.ms 60000 -> 3600000");
  const names = ["retention.ms", "retention.bytes", "min.insync.replicas"];
  expect(await configOf(topic, ...names), "what an operator has set stays").toEqual([
    String(hourMs),
    String(2 ** 30),
    "1",
  ]);

  for (const one of [bound, again]) await one.close!();
  await stream.deleteData(namespace);
});

test("a retention that is configured anew is applied to the topic that is there, and what it holds stays", async () => {
  const namespace = randomUUID();
  const topic = `prism.${namespace}`;
  const bindingOf = (retention: { retentionMs?: number; retentionBytes?: number }) => ({
    ...{ ...needs, namespace, options: { partitions: 1, compaction: false, ...retention } },
  });
  const first = await stream.bind(bindingOf({ retentionMs: hourMs, retentionBytes: 2 ** 30 }));
  await first.pattern.append([messageOf("kept")], callWith());
  await first.close!();

  const next = bindingOf({ retentionMs: 2 * hourMs });
  const expected =
    `the topic ${topic}: retention.ms 3600000 -> 7200000, segment.ms 900000 -> 1800000, ` +
    "retention.bytes 1073741824 -> -1, segment.bytes 268435456 -> by default";
  const sorted = (line: string | undefined) => line?.split(/: |, /).sort();
  expect((await stream.plan!(next)).map(sorted)).toEqual([sorted(`would change ${expected}`)]);
  expect(await configOf(topic, "retention.ms"), "a plan changes nothing").toEqual([String(hourMs)]);
  const second = await stream.bind(next);
  expect(second.changes!.map(sorted)).toEqual([sorted(`changed ${expected}`)]);
  expect(await configOf(topic, "retention.ms", "retention.bytes")).toEqual([String(2 * hourMs), "-1"]);
  expect(await stream.plan!(next)).toEqual([]);
  const { partitions } = await second.pattern.describe(undefined, callWith());
  expect(partitions).toMatchObject([{ earliestOffset: 0n, nextOffset: 1n }]);
  await second.close!();
  await stream.deleteData(namespace);
});

test.each([
  ["more", 3, "their order would be lost"],
  ["fewer", 1, "what the others hold would be lost"],
])(
  "%s partitions than the topic has are refused with the reason, whoever has changed them, and it stays",
  async (_, asked, why) => {
    const namespace = randomUUID();
    const topic = `prism.${namespace}`;
    const bound = await stream.bind({ ...needs, namespace, options: { partitions: 1, compaction: false } });
    await bound.close!();
    await addPartition(topic);
    const binding = { ...needs, namespace, options: { partitions: asked, compaction: false } };
    for (const ask of [stream.plan!, stream.bind]) {
      await expect(ask(binding)).rejects.toMatchObject({
        reason: "INVALID_SETTINGS",
        message: expect.stringMatching(new RegExp(`was made with 2: .*${why}. Write 2`)),
      });
    }
    expect(await partitionsOf(topic)).toBe(2);
    await stream.deleteData(namespace);
  },
);

test("a topic that may grow gets partitions while records are appended; none that was acknowledged is lost", async () => {
  const namespace = randomUUID();
  const topic = `prism.${namespace}`;
  const bindingOf = (partitions: number) => ({
    ...{ ...needs, namespace, options: { partitions, growable: true, compaction: false } },
  });
  const first = await stream.bind(bindingOf(1));
  expect(await stream.plan!(bindingOf(4))).toEqual([
    `would add partitions to the topic ${topic}: it has 1 and would have 4`,
  ]);
  let isGrown = false;
  const appended: string[] = [];
  const appending = (async () => {
    for (let index = 0; !isGrown; index++) {
      const [outcome] = await first.pattern.append([messageOf(`before ${index}`)], callWith());
      if (outcome?.ok) appended.push(`before ${index}`);
    }
  })();
  const second = await stream.bind(bindingOf(4));
  isGrown = true;
  await Promise.all([appending, first.close!()]);
  expect(second.changes).toEqual([`added partitions to the topic ${topic}: it had 1 and has 4`]);
  expect(await partitionsOf(topic)).toBe(4);
  const after = Array.from({ length: 40 }, (_, index) => messageOf(`after ${index}`));
  const outcomes = await second.pattern.append(after, callWith());
  expect(outcomes.filter(({ ok }) => !ok)).toEqual([]);
  const following = new Following(second.pattern as KafkaStream);
  const all = [...appended, ...after.map(({ id }) => id)];
  await vi.waitFor(() => expect(following.ids.toSorted()).toEqual(all.toSorted()), { timeout: 20_000, interval: 50 });
  await following.end();
  await second.close!();
  await stream.deleteData(namespace);
});

test("two processes that add the same partitions at once both have them", async () => {
  const namespace = randomUUID();
  const bindingOf = (partitions: number) => ({
    ...{ ...needs, namespace, options: { partitions, growable: true, compaction: false } },
  });
  const first = await stream.bind(bindingOf(1));
  const both = await Promise.all([stream.bind(bindingOf(3)), stream.bind(bindingOf(3))]);
  for (const one of both) expect((one.pattern as KafkaStream).partitions).toBe(3);
  expect(await partitionsOf(`prism.${namespace}`)).toBe(3);
  for (const one of [first, ...both]) await one.close!();
  await stream.deleteData(namespace);
});

test("a topic of pub-sub to which somebody has added partitions is refused: what is published has one order", async () => {
  const namespace = randomUUID();
  const binding = { ...needs, namespace, options: { retentionMs: hourMs } };
  const bound = await pubSub.bind(binding);
  await bound.close!();
  await addPartition(`prism.${namespace}.pubsub`);
  for (const ask of [pubSub.plan!, pubSub.bind]) {
    await expect(ask(binding)).rejects.toMatchObject({
      reason: "INVALID_SETTINGS",
      message: expect.stringContaining("has 2 partitions"),
    });
  }
  await pubSub.deleteData(namespace);
});

test("pub-sub has a topic of its own with one partition, beside a stream of the same name", async () => {
  const namespace = randomUUID();
  const topics = [`prism.${namespace}`, `prism.${namespace}.pubsub`];
  const log = await stream.bind({ ...needs, namespace, options: { partitions: 2, compaction: false } });
  const events = await pubSub.bind({ ...needs, namespace, options: { retentionMs: hourMs } });
  for (const [index, topic] of topics.entries()) expect(await partitionsOf(topic)).toBe([2, 1][index]);
  expect(await configOf(topics[1]!, "retention.ms")).toEqual([String(hourMs)]);
  for (const one of [log, events]) await one.close!();
  expect(await stream.deleteData(namespace)).toEqual([`removed the topic ${topics[0]}`]);
  expect(await pubSub.deleteData(namespace)).toEqual([`removed the topic ${topics[1]}`]);
});

test("pub-sub refuses to keep messages longer than the brokers keep a group's place", async () => {
  const binding = { ...needs, namespace: randomUUID(), options: { retentionMs: 1_000 * 24 * hourMs } };
  for (const asked of [pubSub.bind, pubSub.plan!]) {
    await expect(asked(binding)).rejects.toMatchObject({
      reason: "DURABILITY_MISSING",
      message: expect.stringContaining("offsets.retention.minutes"),
    });
  }
});
