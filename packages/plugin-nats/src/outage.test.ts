import { LocalServer, nats } from "@prism-data/local-servers";
import type { GatewayError, PubSub } from "@prism-data/pattern-sdk";
import { expect, test, vi } from "vitest";
import { callWith, messageWith, openBackend } from "./testing/open-backend.js";
import { RecordingDeliveries } from "./testing/recording-deliveries.js";

/** What calls may take to work after NATS is back. */
const recoveryMsMax = 2_000;
/** A stalled connection is noticed by its unanswered pings. */
const noticedMsMax = 6_000;

const message = messageWith("1");

const publishes = async (pubSub: PubSub) => {
  try {
    const [result] = await pubSub.publish("t", [message], callWith());
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
  await using opened = await openBackend({ url: server.url });
  const pubSub = await opened.pubSub({ onCoreNats: true });
  const outlet = new RecordingDeliveries();
  await pubSub.subscribe(
    {
      topic: "t",
      delivery: "at-most-once",
      outstandingMessagesMax: 1_000,
      outstandingBytesMax: 1_000_000,
      acknowledgeTimeoutMs: 30_000,
    },
    outlet,
    callWith(),
  );
  for (let round = 0; round < 3; round++) {
    await server.kill();
    await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), { timeout: noticedMsMax });
    const sentAtMs = performance.now();
    const failure = await failureOf(Promise.resolve(pubSub.publish("t", [message], callWith())));
    expect(failure).toMatchObject({ reason: "BACKEND_UNAVAILABLE", retryAfterMs: 500 });
    expect(performance.now() - sentAtMs).toBeLessThan(100);
    await server.start();
    const backAtMs = performance.now();
    await vi.waitFor(async () => expect(await publishes(pubSub)).toBe(true), { timeout: 10_000, interval: 20 });
    expect(performance.now() - backAtMs).toBeLessThan(recoveryMsMax);
    const before = outlet.deliveries.length;
    await vi.waitFor(async () => {
      await publishes(pubSub);
      expect(outlet.deliveries.length).toBeGreaterThan(before);
    });
  }
  expect(outlet.failures).toEqual([]);
}, 60_000);

test("a connection on which nothing moves is noticed, counted and replaced", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await openBackend({ url: server.url });
  const pubSub = await opened.pubSub({ onCoreNats: true });
  await server.pause();
  const failure = await failureOf(Promise.resolve(pubSub.publish("t", [message], callWith())));
  expect(failure.reason).toBe("BACKEND_UNAVAILABLE");
  await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), { timeout: noticedMsMax });
  server.resume();
  await vi.waitFor(async () => expect(await publishes(pubSub)).toBe(true), { timeout: 10_000 });
  const stalls = opened.backend.metrics?.().find(({ name }) => name === "prism_plugin_connection_stalls_total");
  expect(stalls?.samples[0]?.value).toBe(1);
}, 60_000);
