import { LocalServer, nats } from "@prism-data/local-servers";
import type {
  Backend,
  BackendHealth,
  CallContext,
  DeliveryOutlet,
  GatewayError,
  PubSub,
  PubSubDelivery,
} from "@prism-data/pattern-sdk";
import { expect, test, vi } from "vitest";
import { settingsSchema } from "./config.js";
import { natsPlugin } from "./plugin.js";

/** What calls may take to work after NATS is back. */
const recoveryMsMax = 2_000;
/** A stalled connection is noticed by its unanswered pings. */
const noticedMsMax = 6_000;

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const context = { namespace: "n", signal: new AbortController().signal } as CallContext;
const message = { id: "1", key: "", headers: [], contentType: "", payload: Buffer.from("v") };

interface Opened extends AsyncDisposable {
  readonly backend: Backend;
  readonly health: BackendHealth[];
  readonly pubSub: PubSub;
}

async function open(url: string): Promise<Opened> {
  const health: BackendHealth[] = [];
  const settings = settingsSchema.parse({ url });
  const backend: Backend = await natsPlugin.open(settings, {
    backend: "nats",
    workingDir: "/",
    dataDir: "/",
    log: silent,
    reportHealth: (reported) => health.push(reported),
  });
  const { pattern } = await backend.pubSub!.bind({
    namespace: "n",
    capabilities: new Set(),
    options: { retentionMs: 1, maxDeliveries: undefined },
  });
  return { backend, health, pubSub: pattern, [Symbol.asyncDispose]: async () => backend.close?.() };
}

function collecting(): DeliveryOutlet & { readonly got: PubSubDelivery[] } {
  const got: PubSubDelivery[] = [];
  return {
    got,
    room: async () => ({ items: 1_000, bytes: 1_000_000 }),
    send: (items) => void got.push(...items),
    failed(error) {
      throw error;
    },
  };
}

const publishes = async (pubSub: PubSub) => {
  try {
    const [result] = await pubSub.publish("t", [message], context);
    return result!.ok;
  } catch {
    return false;
  }
};

const failureOf = (call: PromiseLike<unknown>): Promise<GatewayError> =>
  Promise.resolve(call).then(
    () => {
      throw new Error("The call did not fail.");
    },
    (error) => error,
  );

test("while NATS is away calls fail at once, and soon after its return publishing and subscriptions go on", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await open(server.url);
  const outlet = collecting();
  await opened.pubSub.subscribe(
    {
      topic: "t",
      delivery: "at-most-once",
      outstandingMessagesMax: 1_000,
      outstandingBytesMax: 1_000_000,
      acknowledgeTimeoutMs: 30_000,
    },
    outlet,
    context,
  );
  for (let round = 0; round < 3; round++) {
    await server.kill();
    await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), { timeout: noticedMsMax });
    const sentAtMs = performance.now();
    const failure = await failureOf(Promise.resolve(opened.pubSub.publish("t", [message], context)));
    expect(failure).toMatchObject({ reason: "BACKEND_UNAVAILABLE", retryAfterMs: 500 });
    expect(performance.now() - sentAtMs).toBeLessThan(100);
    await server.start();
    const backAtMs = performance.now();
    await vi.waitFor(async () => expect(await publishes(opened.pubSub)).toBe(true), { timeout: 10_000, interval: 20 });
    expect(performance.now() - backAtMs).toBeLessThan(recoveryMsMax);
    const before = outlet.got.length;
    await vi.waitFor(async () => {
      await publishes(opened.pubSub);
      expect(outlet.got.length).toBeGreaterThan(before);
    });
  }
}, 60_000);

test("a connection on which nothing moves is noticed, counted and replaced", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await open(server.url);
  server.pause();
  const failure = await failureOf(Promise.resolve(opened.pubSub.publish("t", [message], context)));
  expect(failure.reason).toBe("BACKEND_UNAVAILABLE");
  await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), { timeout: noticedMsMax });
  server.resume();
  await vi.waitFor(async () => expect(await publishes(opened.pubSub)).toBe(true), { timeout: 10_000 });
  const stalls = opened.backend.metrics?.().find(({ name }) => name === "prism_plugin_connection_stalls_total");
  expect(stalls?.samples[0]?.value).toBe(1);
}, 60_000);
