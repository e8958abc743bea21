import { kafka, LocalServer, SilentNetwork } from "@prism-data/local-servers";
import type { GroupMember, StreamRecord } from "@prism-data/pattern-sdk";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { KafkaStream } from "./stream.js";
import { Following } from "./testing/following.js";
import { callWith, messageOf, type OpenStream, openStream } from "./testing/open-namespace.js";

/** How long silent connections may hold up what goes on all the time: half of it, and as much again for a busy machine. */
const noticedMsMax = 5_000;

/** How soon after the network's return the plugin works again, and as much again for a busy machine. */
const recoveryMsMax = 4_000;

const within = { timeout: 30_000, interval: 20 };

let network: SilentNetwork;
let server: LocalServer;
let opened: OpenStream;
let stream: KafkaStream;
let reader: Following;
let member: GroupMember;
const delivered: string[] = [];
const acknowledged: string[] = [];
let assignments = 0;
let appended = 0;

beforeAll(async () => {
  network = await SilentNetwork.start();
  // Brokers tell their clients where they are.
  const advertised = ["--override", `advertised.listeners=PLAINTEXT://127.0.0.1:${network.port}`];
  server = await LocalServer.start(kafka, { environment: process.env, arguments: () => advertised });
  network.to = { host: "127.0.0.1", port: server.port };
  opened = await openStream({ brokers: [`127.0.0.1:${network.port}`], request_timeout: "3s" }, 1);
  stream = opened.stream;
  reader = new Following(stream);
  member = joined();
  await append();
  await heardByAll();
});

afterAll(async () => {
  await reader.end();
  await member.leave();
  await opened[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

test("silent connections are replaced: a producer, a reader and a member go on, and the member keeps its partition", async () => {
  const before = metric("stalls_total");
  network.goSilent();
  const silentAtMs = performance.now();
  await append();
  await heardByAll();
  expect(performance.now() - silentAtMs).toBeLessThan(noticedMsMax);
  expect(metric("stalls_total")).toBeGreaterThan(before);
  expect(assignments).toBe(1);
});

test("while all brokers are silent calls fail fast, and soon after the network is back everything goes on", async () => {
  network.isSilent = true;
  network.goSilent();
  const hanging = append().catch(() => undefined);
  await vi.waitFor(() => expect(metric("up")).toBe(0), within);
  await expect(append()).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
  network.isSilent = false;
  const backAtMs = performance.now();
  await vi.waitFor(append, within);
  await heardByAll();
  expect(performance.now() - backAtMs).toBeLessThan(recoveryMsMax);
  await hanging;
  await heardByAll();
});

test("through all of that nothing that was acknowledged is lost, and nothing is there twice", () => {
  expect(reader.ids).toEqual([...new Set(reader.ids)]);
  expect([...new Set(delivered)]).toEqual(reader.ids);
});

async function append(): Promise<void> {
  const text = String(appended++);
  const [result] = await stream.append([messageOf(text)], callWith());
  if (!result!.ok) throw result!.error;
  acknowledged.push(text);
}

/** Waits until the reader and the member have everything that was acknowledged. */
async function heardByAll(): Promise<void> {
  for (const ids of [reader.ids, delivered]) {
    await vi.waitFor(() => expect(ids).toEqual(expect.arrayContaining(acknowledged)), within);
  }
}

function joined(): GroupMember {
  const outlet = {
    room: async () => ({ items: 100, bytes: 2 ** 20 }),
    send: (records: readonly StreamRecord[]) => void delivered.push(...records.map(({ message }) => message.id)),
    assigned: () => void assignments++,
    failed: (error: unknown) => expect(error, "the membership ended").toBeUndefined(),
  };
  return stream.join({ group: "g", start: { kind: "earliest" } }, outlet);
}

function metric(name: "up" | "stalls_total"): number {
  const family = opened.backend.metrics!().find((one) => one.name === `prism_plugin_kafka_${name}`);
  return Number(family!.samples[0]!.value);
}
