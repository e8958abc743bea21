import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { LocalServer, nats, sharedAddress } from "@prism-data/local-servers";
import type { PubSub, SubscribeRequest, Subscription } from "@prism-data/pattern-sdk";
import { connect } from "nats";
import { expect, onTestFinished, test, vi } from "vitest";
import { callWith, messageWith, type OpenBackend, openBackend } from "./testing/open-backend.js";
import { RecordingDeliveries } from "./testing/recording-deliveries.js";

const settings = { url: sharedAddress(nats, process.env) };
const soon = { timeout: 30_000, interval: 20 };

const ids = (count: number, first = 0) => Array.from({ length: count }, (_, index) => `${first + index}`);

async function opened(at: Record<string, unknown> = settings): Promise<OpenBackend> {
  const backend = await openBackend(at);
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}

/** Subscribes, at least once and as a member of a group unless said otherwise. */
async function subscribe(
  pubSub: PubSub,
  fields: Partial<SubscribeRequest> = {},
  { signal, outlet = new RecordingDeliveries() }: { signal?: AbortSignal; outlet?: RecordingDeliveries } = {},
) {
  const request: SubscribeRequest = {
    topic: "t",
    group: "g",
    delivery: "at-least-once",
    outstandingMessagesMax: 1_000,
    outstandingBytesMax: 2 ** 20,
    acknowledgeTimeoutMs: 600_000,
    ...fields,
  };
  return Object.assign(outlet, { subscription: await pubSub.subscribe(request, outlet, callWith(signal)) });
}

async function publish(pubSub: PubSub, ...texts: string[]): Promise<void> {
  const messages = texts.map((text) => messageWith(text));
  for (const result of await pubSub.publish("t", messages, callWith())) if (!result.ok) throw result.error;
}

const acknowledgeAll = ({ subscription, deliveries }: RecordingDeliveries & { subscription: Subscription }) =>
  subscription.acknowledge!(deliveries.map(({ deliveryId }) => deliveryId));

/** The consumers of a namespace's stream, by their names; `undefined`: there is no stream. */
async function consumersOf(name: string) {
  const connection = await connect({ servers: settings.url });
  try {
    const manager = await connection.jetstreamManager();
    const found = await manager.consumers.list(`prism~pubsub~${name}~messages`).next();
    return found.map((consumer) => consumer.name);
  } catch {
    return undefined;
  } finally {
    await connection.close();
  }
}

test("two processes share a group, each hears everything in one order, and one goes on when the other dies", async () => {
  const name = randomUUID();
  const [one, other] = [await opened(), await opened()];
  const [here, there] = [await one.pubSub({ name }), await other.pubSub({ name })];
  const live = { group: undefined, delivery: "at-most-once" } as const;
  const all = await Promise.all([here, there].map((pubSub) => subscribe(pubSub, live)));
  const members = await Promise.all([here, there].map((pubSub) => subscribe(pubSub)));
  await Promise.all(ids(50).map((id) => publish(Number(id) % 2 === 0 ? here : there, id)));
  await vi.waitFor(() => expect(all.map(({ deliveries }) => deliveries.length)).toEqual([50, 50]), soon);
  expect(all[0]!.ids).toEqual(all[1]!.ids);
  const heard = () => members.flatMap((member) => member.ids);
  await vi.waitFor(() => expect(heard().length).toBe(50), soon);
  expect(new Set(heard()).size).toBe(50);
  await acknowledgeAll(members[1]!);
  await other.die();
  await publish(here, "last");
  await vi.waitFor(() => expect(members[0]!.ids).toContain("last"), soon);
});

test("of what is published while the server is killed every acknowledged message reaches the group, and subscriptions go on", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  const pubSub = await (await opened({ url: server.url })).pubSub();
  const members = [await subscribe(pubSub), await subscribe(pubSub, { group: undefined, topic: ">" })];
  const accepted: string[] = [];
  let published = 0;
  const publishOne = async () => {
    const id = `${published++}`;
    await publish(pubSub, id);
    accepted.push(id);
  };
  for (let kill = 0; kill < 2; kill++) {
    const accepting = accepted.length;
    const publishing = Array.from({ length: 40 }, () => publishOne().catch(() => {}));
    await vi.waitFor(() => expect(accepted.length).toBeGreaterThan(accepting), { ...soon, interval: 1 });
    await server.kill();
    await Promise.all(publishing);
    await server.start();
    await vi.waitFor(publishOne, soon);
  }
  const missing = () => members.map((member) => accepted.filter((id) => !member.ids.includes(id)));
  await vi.waitFor(() => expect(missing()).toEqual([[], []]), soon);
  expect(members.flatMap(({ failures }) => failures)).toEqual([]);
}, 90_000);

test("what has not reached an app that goes does not count as delivered, and comes to the next in its order", async () => {
  const pubSub = await (await opened()).pubSub();
  const call = new AbortController();
  const outlet = Object.assign(new RecordingDeliveries(), { roomItems: 10 });
  const leaving = await subscribe(pubSub, {}, { signal: call.signal, outlet });
  await publish(pubSub, "reached");
  await vi.waitFor(() => expect(leaving.ids).toEqual(["reached"]), soon);
  await acknowledgeAll(leaving);
  outlet.roomItems = 0;
  call.abort();
  await publish(pubSub, ...ids(20));
  const subscribing = subscribe(pubSub);
  // Long enough for it to take what comes, if it did not wait for the other to be gone.
  for (const id of ids(20, 20)) await publish(pubSub, id);
  await leaving.subscription.close();
  const next = await subscribing;
  await vi.waitFor(() => expect(next.ids).toEqual(ids(40)), soon);
  expect(new Set(next.deliveries.map(({ deliveryCount }) => deliveryCount))).toEqual(new Set([1]));
});

test("the cause of a rejection is in the dead letter that another process writes", async () => {
  const name = randomUUID();
  const options = { name, maxDeliveries: 2 };
  const [here, there] = [await (await opened()).pubSub(options), await (await opened()).pubSub(options)];
  const dead = await subscribe(here, { topic: "dead_letter.g", group: undefined, delivery: "at-most-once" });
  const first = await subscribe(here);
  await publish(here, "m");
  await vi.waitFor(() => expect(first.ids).toEqual(["m"]), soon);
  await first.subscription.reject!([first.deliveries[0]!.deliveryId], { delayMs: 1_000, cause: "no room" });
  await first.subscription.close();
  const second = await subscribe(there, { acknowledgeTimeoutMs: 1_000 });
  await vi.waitFor(() => expect(dead.ids).toEqual(["m"]), soon);
  expect(second.deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual([2]);
  const said = dead.deliveries[0]!.message.headers.map(({ name: header, value }) => [
    header,
    Buffer.from(value).toString(),
  ]);
  expect(Object.fromEntries(said)).toMatchObject({ "prism-cause": "no room", "prism-delivery-count": "2" });
});

test("a group stays on the server when nobody is in it, a subscription's own place does not, and both go with the data", async () => {
  const name = randomUUID();
  const backend = await opened();
  const pubSub = await backend.pubSub({ name });
  const members = [await subscribe(pubSub), await subscribe(pubSub, { group: undefined })];
  expect((await consumersOf(name))?.map((consumer) => consumer.split("~")[0]).sort()).toEqual(["group", "own"]);
  for (const { subscription } of members) await subscription.close();
  expect((await consumersOf(name))?.map((consumer) => consumer.split("~")[0])).toEqual(["group"]);
  expect(await backend.backend.pubSub!.deleteData(name)).toEqual([`removed the stream prism~pubsub~${name}~messages`]);
  expect(await consumersOf(name)).toBeUndefined();
});

test("a group that somebody has removed from the server ends its members, with what to do", async () => {
  const name = randomUUID();
  const backend = await opened();
  const member = await subscribe(await backend.pubSub({ name }));
  await backend.backend.pubSub!.deleteData(name);
  await vi.waitFor(() => expect(member.failures).toMatchObject([{ reason: "NAMESPACE_UNAVAILABLE" }]), soon);
  expect((member.failures[0] as Error).message).toContain("subscribe again");
});

test("what other clients of NATS publish reaches groups too, with its payload and the time at which it was stored", async () => {
  const name = randomUUID();
  const member = await subscribe(await (await opened()).pubSub({ name }));
  const client = await connect({ servers: settings.url });
  client.publish(`prism.${name}.t`, "from elsewhere");
  await client.flush();
  await client.close();
  await vi.waitFor(() => expect(member.deliveries).toHaveLength(1), soon);
  const [{ message, publishedAtMs }] = member.deliveries as [(typeof member.deliveries)[number]];
  expect(message).toMatchObject({ id: "", payload: Buffer.from("from elsewhere") });
  expect(Math.abs(publishedAtMs - Date.now())).toBeLessThan(60_000);
});

test("without JetStream only namespaces that need nothing of it are bound, and there is nothing to remove", async () => {
  const withoutJetStream: typeof nats = {
    ...nats,
    prepare: ({ folder }) => writeFile(join(folder, "nats.conf"), "max_payload: 1MB\n"),
    isReady: ({ ports: [port] }) =>
      connect({ servers: `nats://127.0.0.1:${port}`, reconnect: false }).then(
        (connection) => connection.close().then(() => true),
        () => false,
      ),
  };
  await using server = await LocalServer.start(withoutJetStream, { environment: process.env });
  const backend = await opened({ url: server.url });
  await expect(backend.pubSub()).rejects.toMatchObject({
    reason: "NAMESPACE_UNAVAILABLE",
    message: expect.stringContaining("needs: [wildcards, groups]"),
  });
  const listener = await subscribe(await backend.pubSub({ onCoreNats: true }), {
    group: undefined,
    delivery: "at-most-once",
  });
  expect(listener.subscription.ordering).toBe("per-publisher");
  expect(await backend.backend.pubSub!.deleteData("any")).toEqual([]);
});
