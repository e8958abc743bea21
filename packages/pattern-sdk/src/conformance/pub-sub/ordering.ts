import assert from "node:assert/strict";
import { OrderingPromise } from "../../protocol/gen/prism/message/v1/message.js";
import { messageOf, numbered } from "../messaging/messages.js";
import { casesOf } from "./pub-sub-case.js";

const ordered: readonly OrderingPromise[] = [
  OrderingPromise.PER_KEY,
  OrderingPromise.PER_PARTITION,
  OrderingPromise.TOTAL,
];

export const orderingCases = casesOf("ordering", ["ordering"], {
  "started promises an order of keys": async (pubsub) => {
    const { started } = await pubsub.subscribe("t");
    assert.ok(ordered.includes(started.ordering), `ordering ${started.ordering}`);
  },

  "messages of one key of several publishers have one order, which every subscriber sees": async (pubsub) => {
    const subscriptions = await Promise.all([1, 2, 3].map(() => pubsub.subscribe("t", { maxMessages: 10_000 })));
    const keys = ["a", "b", "c", ""];
    await Promise.all(
      numbered(8).flatMap((publisher) =>
        keys.map(async (key) => {
          for (const text of numbered(20)) {
            await pubsub.publish("t", messageOf({ key, payload: Buffer.from(`${publisher}.${text}`) }));
          }
        }),
      ),
    );
    const total = 8 * keys.length * 20;
    for (const subscription of subscriptions) await subscription.count(total);
    for (const key of keys.filter((one) => one !== "")) {
      const [first, ...others] = subscriptions.map(({ arrivals }) =>
        arrivals.filter(({ message }) => message.key === key).map(({ text }) => text),
      );
      for (const other of others) assert.deepEqual(other, first, `the order of ${key}`);
    }
  },

  "a message is after those of its key that were accepted before, whoever published them": async (pubsub) => {
    const subscription = await pubsub.subscribe("t");
    const streams = [pubsub.publishStream(), pubsub.publishStream()];
    for (const text of numbered(100)) {
      const stream = streams[Number(text) % 2]!;
      await stream.send(pubsub.namespace, "t", [messageOf({ key: "k", payload: Buffer.from(text) })]);
      await stream.answer();
    }
    await subscription.count(100);
    assert.deepEqual(subscription.texts, numbered(100));
    for (const stream of streams) stream.end();
  },
});
