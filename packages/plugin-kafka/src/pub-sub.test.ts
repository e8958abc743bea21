import { kafka, sharedAddress } from "@prism-data/local-servers";
import { Kafka, logLevel } from "kafkajs";
import { expect, test, vi } from "vitest";
import { openPubSub } from "./testing/open-namespace.js";
import { publish, Subscriber } from "./testing/subscriber.js";

const brokers = [sharedAddress(kafka, process.env)];
const within = { timeout: 20_000, interval: 20 };
const member = { delivery: "at-least-once", group: "g" } as const;

test("what was acknowledged out of order stays so for the next process, and deliveries are counted on", async () => {
  const opened = await openPubSub({ brokers });
  const { namespace } = opened;
  const first = await Subscriber.open(opened.pubSub, member);
  await publish(opened.pubSub, "0", "1", "2", "3", "4");
  await vi.waitFor(() => expect(first.ids).toEqual(["0", "1", "2", "3", "4"]), within);
  for (const index of [3, 1]) await first.subscription.acknowledge!([first.deliveries[index]!.deliveryId]);
  await first.subscription.close();
  await opened[Symbol.asyncDispose]();

  await using again = await openPubSub({ brokers }, namespace);
  await publish(again.pubSub, "5");
  const next = await Subscriber.open(again.pubSub, member);
  await vi.waitFor(() => expect(next.ids).toEqual(["0", "2", "4", "5"]), within);
  expect(next.deliveries.map(({ deliveryCount }) => deliveryCount)).toEqual([2, 2, 2, 1]);
  await next.subscription.close();
});

test("a message that another program has written into the topic is nobody's", async () => {
  await using opened = await openPubSub({ brokers });
  const subscribers = await Promise.all(
    [member, { delivery: "at-most-once" } as const].map((request) => Subscriber.open(opened.pubSub, request)),
  );
  const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic: opened.topic, messages: [{ value: "foreign" }] });
  await producer.disconnect();
  await publish(opened.pubSub, "own");
  for (const one of subscribers) await vi.waitFor(() => expect(one.ids).toEqual(["own"]), within);
  for (const { subscription } of subscribers) await subscription.close();
});
