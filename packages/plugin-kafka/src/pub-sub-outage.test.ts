import { kafka, LocalServer } from "@prism-data/local-servers";
import { expect, test, vi } from "vitest";
import { callWith, messageOf, openPubSub } from "./testing/open-namespace.js";
import { publish, Subscriber } from "./testing/subscriber.js";

const within = { timeout: 20_000, interval: 20 };

test("subscriptions outlast brokers that were away: what was acknowledged stays so, and all that was accepted comes", async () => {
  await using server = await LocalServer.start(kafka, { environment: process.env });
  await using opened = await openPubSub({ brokers: [server.url], session_timeout: "3s" });
  const { pubSub } = opened;
  const [listener, holder, member] = await Promise.all([
    Subscriber.open(pubSub, { delivery: "at-most-once" }),
    Subscriber.open(pubSub, { delivery: "at-least-once" }),
    Subscriber.open(pubSub, { delivery: "at-least-once", group: "g" }),
  ]);
  await publish(pubSub, "acknowledged", "kept");
  for (const one of [listener, holder, member]) {
    await vi.waitFor(() => expect(one.ids).toEqual(["acknowledged", "kept"]), within);
  }
  await member.subscription.acknowledge!([member.deliveries[0]!.deliveryId]);

  await server.kill();
  await vi.waitFor(
    () => expect(() => pubSub.publish("t", [messageOf("lost")], callWith())).toThrow(/No broker/),
    within,
  );
  await server.start();
  await vi.waitFor(() => publish(pubSub, "after"), within);

  for (const one of [listener, holder]) {
    await vi.waitFor(() => expect(one.ids).toEqual(["acknowledged", "kept", "after"]), within);
  }
  await vi.waitFor(() => expect(member.ids).toContain("after"), within);
  expect(member.ids.filter((id) => id === "acknowledged")).toHaveLength(1);
  expect([listener, holder, member].map(({ failures }) => failures)).toEqual([[], [], []]);
  for (const { subscription } of [listener, holder, member]) await subscription.close();
}, 120_000);
