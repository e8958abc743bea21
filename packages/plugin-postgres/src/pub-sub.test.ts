import { randomUUID } from "node:crypto";
import type { DeliveryPromise, SubscribeRequest } from "@prism-data/pattern-sdk";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Connection } from "./connection.js";
import { pubSubs } from "./pub-sub-binder.js";
import { TakenDeliveries } from "./testing/outlets.js";
import {
  callWith,
  eventually,
  messageWith,
  openConnection,
  runAsAdmin,
  temporarySchema,
} from "./testing/own-connection.js";
import { topicExpression } from "./topic-expression.js";

const call = callWith();

async function pubSubOn(connection: Connection, name: string) {
  const options = { retentionMs: 60_000, maxDeliveries: undefined };
  const { pattern, close } = await pubSubs(connection).binder.bind({
    namespace: name,
    capabilities: new Set(),
    options,
  });
  onTestFinished(async () => close?.());
  return pattern;
}

async function twoProcesses() {
  const schema = temporarySchema();
  const name = randomUUID();
  const connections = await Promise.all([openConnection({ schema }), openConnection({ schema })]);
  const [one, other] = await Promise.all(connections.map((connection) => pubSubOn(connection, name)));
  return { schema, connections, one: one!, other: other! };
}

const subscribe = (topic: string, delivery: DeliveryPromise, group?: string): SubscribeRequest => ({
  topic,
  delivery,
  group,
  outstandingMessagesMax: 1_000,
  outstandingBytesMax: 2 ** 24,
  acknowledgeTimeoutMs: 60_000,
});

const ids = Array.from({ length: 200 }, (_, index) => `${index}`);

test.each<[DeliveryPromise]>([["at-most-once"], ["at-least-once"]])(
  "what one process publishes reaches subscribers in another, %s, each message once and in order",
  async (delivery) => {
    const { one, other } = await twoProcesses();
    const outlets = [new TakenDeliveries(), new TakenDeliveries()];
    const subscriptions = await Promise.all([
      one.subscribe(subscribe("a.*", delivery), outlets[0]!),
      other.subscribe(subscribe("a.>", delivery), outlets[1]!),
    ]);
    for (const id of ids.slice(0, 20)) await one.publish("a.b", [messageWith(id)], call);
    await one.publish(
      "a.b",
      ids.slice(20).map((id) => messageWith(id)),
      call,
    );
    await one.publish("b.a", [messageWith("elsewhere")], call);
    await eventually(() => outlets.every(({ items }) => items.length >= ids.length));
    for (const outlet of outlets) expect(outlet.ids).toEqual(ids);
    await Promise.all(subscriptions.map((subscription) => subscription.close()));
  },
);

test("a group in two processes shares messages, and keeps them while nobody is there", async () => {
  const { one, other } = await twoProcesses();
  const gone = await one.subscribe(subscribe("t", "at-least-once", "g"), new TakenDeliveries());
  await gone.close();
  await other.publish(
    "t",
    ids.map((id) => messageWith(id)),
    call,
  );
  const outlets = [new TakenDeliveries(), new TakenDeliveries()];
  const subscriptions = await Promise.all([
    one.subscribe(subscribe("t", "at-least-once", "g"), outlets[0]!),
    other.subscribe(subscribe("t", "at-least-once", "g"), outlets[1]!),
  ]);
  await eventually(() => outlets.reduce((sum, { items }) => sum + items.length, 0) === ids.length);
  expect(new Set(outlets.flatMap((outlet) => outlet.ids)).size).toBe(ids.length);
  await Promise.all(subscriptions.map((subscription) => subscription.close()));
});

describe("what is kept", () => {
  test("is gone once it is acknowledged, and with the subscription that it was kept for", async () => {
    const { schema, one } = await twoProcesses();
    const outlet = new TakenDeliveries();
    const subscription = await one.subscribe(subscribe("t", "at-least-once"), outlet);
    await one.publish("t", [messageWith("a"), messageWith("b")], call);
    await eventually(() => outlet.items.length === 2);
    await subscription.acknowledge!([outlet.items[0]!.deliveryId]);
    expect(await runAsAdmin(`SELECT FROM ${schema}.queue_message`)).toHaveLength(1);
    await subscription.close();
    expect(await runAsAdmin(`SELECT FROM ${schema}.queue_message`)).toEqual([]);
    expect(await runAsAdmin(`SELECT FROM ${schema}.pubsub_group`)).toEqual([]);
  });

  test("for a subscription without a group is there again after its session was lost", async () => {
    const { connections, one, other } = await twoProcesses();
    const outlet = new TakenDeliveries();
    const subscription = await one.subscribe(subscribe("t", "at-least-once"), outlet);
    const [row] = await connections[0]!.session.run<{ pid: number }>(
      { name: "pid", text: "SELECT pg_backend_pid() AS pid" },
      [],
    );
    await runAsAdmin(`SELECT pg_terminate_backend(${row!.pid})`);
    await other.publish("t", [messageWith("meanwhile")], call);
    await eventually(() => outlet.ids.includes("meanwhile"));
    await eventually(() => connections[0]!.isUp);
    await subscription.close();
  });
});

test.each([
  ["a.b", undefined],
  ["*", "^[^.]+$"],
  ["a.*.c", "^a\\.[^.]+\\.c$"],
  ["a+b.>", "^a\\+b\\..+$"],
])("the pattern %s is the expression %s", (topic, expression) => {
  expect(topicExpression(topic)).toBe(expression);
});
