import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { eventually } from "../../conformance/eventually.js";
import { messageOf } from "../../conformance/messaging/messages.js";
import type { PubSubClient } from "../../conformance/pub-sub/pub-sub-client.js";
import type { PubSubSubject } from "../../conformance/pub-sub/pub-sub-subject.js";
import { GatewayError } from "../../errors.js";
import { PluginClient } from "../plugin-client.js";
import { deliveryOf, ScriptedPubSub, startScripted } from "./scripted-pub-sub.fixture.js";

let pattern: ScriptedPubSub;
let subject: PubSubSubject;
let pubsub: PubSubClient;
beforeEach(async () => {
  pattern = new ScriptedPubSub();
  subject = await startScripted(pattern);
  pubsub = await subject.namespace();
});
afterEach(() => subject.stop());

/** Begins a drain; resolves when the plugin drains, to what resolves when it has. */
async function beginDrain(): Promise<{ readonly drained: Promise<unknown> }> {
  const drained = new PluginClient(subject.connection.client).drain({ grace: { seconds: 5n, nanos: 0 } });
  await eventually("the plugin takes no new calls", () =>
    pubsub.publish("probe", messageOf({ id: "m" })).then(
      () => false,
      () => true,
    ),
  );
  return { drained };
}

/** What the plugin was asked, but for the probes of whether it drains. */
const asked = () => pattern.asked.filter((one) => one !== "publish probe,m");

const unavailable = () => new GatewayError("BACKEND_UNAVAILABLE", "The broker is away.");

describe("publishing", () => {
  test("says of each message what the plugin said of it", async () => {
    pattern.publishing = async () => [
      { ok: true, result: "accepted" },
      { ok: false, error: unavailable() },
      { ok: false, error: new Error("a secret of the plugin") },
    ];
    const [accepted, refused, defect] = await pubsub.outcomes("t", "1", "2", "3");
    expect(accepted).toBe("accepted");
    expect(refused).toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
    expect(defect).toMatchObject({ reason: "INTERNAL", message: expect.not.stringContaining("secret") });
  });

  test("is a defect of the plugin when it does not answer for each message", async () => {
    pattern.publishing = async () => [];
    await expect(pubsub.publish("t", "1")).rejects.toMatchObject({ reason: "INTERNAL" });
  });

  test("on a stream carries out together what came meanwhile for the same topic, and answers each request", async () => {
    const first = Promise.withResolvers<void>();
    pattern.publishing = async (messages) => {
      if (messages[0]!.id === "1") await first.promise;
      return messages.map(({ id }) => ({ ok: true, result: id }));
    };
    const stream = pubsub.publishStream();
    await stream.send(pubsub.namespace, "t", [messageOf({ id: "1" })]);
    await eventually("the first request is with the plugin", () => pattern.asked.length > 0);
    await stream.send(
      pubsub.namespace,
      "t",
      ["2", "3"].map((id) => messageOf({ id })),
    );
    await stream.send(pubsub.namespace, "t", [messageOf({ id: "4" })]);
    await stream.send(pubsub.namespace, "u", [messageOf({ id: "5" })]);
    await stream.send(pubsub.namespace, "u", []);
    // Answered behind all that was sent on the connection: it has all come by then.
    await pubsub.publish("probe", messageOf({ id: "m" }));
    first.resolve();
    for (const ids of [["1"], ["2", "3"], ["4"], ["5"]]) expect(await stream.answer()).toEqual(ids);
    await expect(stream.answer()).rejects.toMatchObject({ reason: "INVALID_FIELD" });
    expect(asked()).toEqual(["publish t,1", "publish t,2,3,4", "publish u,5"]);
  });

  test("on a stream ends when the plugin drains: what was begun is answered, and nothing else is begun", async () => {
    const first = Promise.withResolvers<void>();
    pattern.publishing = async (messages) => {
      if (messages[0]!.id === "1") await first.promise;
      return messages.map(({ id }) => ({ ok: true, result: id }));
    };
    const stream = pubsub.publishStream();
    await stream.send(pubsub.namespace, "t", [messageOf({ id: "1" })]);
    await eventually("the first request is with the plugin", () => pattern.asked.length > 0);
    await stream.send(pubsub.namespace, "t", [messageOf({ id: "2" })]);
    const { drained } = await beginDrain();
    first.resolve();
    expect(await stream.answer()).toEqual(["1"]);
    await expect(stream.answer()).rejects.toMatchObject({ reason: "DRAINING" });
    await drained;
    expect(asked()).toEqual(["publish t,1"]);
  });
});

describe("a subscription", () => {
  test("is asked for with every default", async () => {
    await pubsub.subscribe("t");
    expect(pattern.request).toEqual({
      topic: "t",
      group: undefined,
      delivery: "at-most-once",
      outstandingMessagesMax: 1_000,
      outstandingBytesMax: 16_777_216,
      acknowledgeTimeoutMs: 30_000,
    });
  });

  test("is told started first, also when the plugin delivers before", async () => {
    pattern.subscribing = async (outlet) => outlet.send([deliveryOf("1"), deliveryOf("2")]);
    for (const subscribe of [pubsub.subscribe.bind(pubsub), pubsub.hold.bind(pubsub)]) {
      const subscription = await subscribe("t");
      expect((await subscription.count(2)).map(({ message }) => message.id)).toEqual(["1", "2"]);
    }
  });

  test("is closed once when its app leaves, and nothing is rejected", async () => {
    const subscription = await pubsub.hold("t");
    pattern.outlet!.send([deliveryOf("1")]);
    await subscription.count(1);
    subscription.leave();
    await eventually("the subscription is closed", () => pattern.asked.includes("close"));
    expect(pattern.asked).toEqual(["subscribe t", "close"]);
    expect(pattern.context!.signal.aborted).toBe(true);
    await expect(pattern.outlet!.room()).rejects.toBeDefined();
  });

  test("that comes to be when its app has left is closed", async () => {
    const place = Promise.withResolvers<void>();
    pattern.subscribing = () => place.promise;
    const opening = pubsub.subscribe("t", { timeoutMs: 200 });
    await expect(opening).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    place.resolve();
    await eventually("the subscription is closed", () => pattern.asked.includes("close"));
  });

  test("ends with DRAINING when the plugin drains: what was acknowledged is, and nothing else is said", async () => {
    const settling = Promise.withResolvers<void>();
    pattern.settling = () => settling.promise;
    const subscription = await pubsub.hold("t");
    pattern.outlet!.send(["1", "2", "3"].map((id) => deliveryOf(id)));
    const [first, second] = await subscription.count(3);
    subscription.acknowledge(first!);
    subscription.acknowledge(second!);
    await eventually("the acknowledgement is with the plugin", () => pattern.asked.includes("acknowledge 1"));
    const { drained } = await beginDrain();
    settling.resolve();
    expect(await subscription.ended).toMatchObject({ reason: "DRAINING" });
    await drained;
    expect(asked().slice(1)).toEqual(["acknowledge 1", "acknowledge 2", "close"]);
  });

  test("ends with what the plugin says has failed", async () => {
    const subscription = await pubsub.subscribe("t");
    pattern.outlet!.failed(unavailable());
    expect(await subscription.ended).toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
    await eventually("the subscription is closed", () => pattern.asked.includes("close"));
  });

  test("ends with what an acknowledgement has met", async () => {
    pattern.settling = () => Promise.reject(unavailable());
    const subscription = await pubsub.hold("t");
    pattern.outlet!.send([deliveryOf("1")]);
    subscription.acknowledge(...(await subscription.count(1)));
    expect(await subscription.ended).toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
  });

  test("that the plugin refuses ends with its reason", async () => {
    pattern.subscribing = () => Promise.reject(unavailable());
    await expect(pubsub.subscribe("t")).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
    expect(pattern.asked).toEqual(["subscribe t"]);
  });
});

describe("what a subscriber says", () => {
  test("reaches the plugin in order, one at a time, acknowledgements together that come meanwhile", async () => {
    const settling = Promise.withResolvers<void>();
    pattern.settling = () => settling.promise;
    const subscription = await pubsub.hold("t");
    pattern.outlet!.send(["1", "2", "3", "4", "5", "6"].map((id) => deliveryOf(id)));
    const [a, b, c, d, e, f] = await subscription.count(6);
    for (const one of [a, b, c]) subscription.acknowledge(one!);
    subscription.reject([d!]);
    subscription.extend([e!]);
    for (const one of [e, f]) subscription.acknowledge(one!);
    await eventually("the first is with the plugin", () => pattern.asked.length > 1);
    await pubsub.publish("unrelated", messageOf({ id: "m" }));
    settling.resolve();
    await eventually("all has been said", () => pattern.asked.at(-1) === "acknowledge 5,6");
    expect(pattern.asked.filter((one) => !one.startsWith("publish")).slice(1)).toEqual([
      "acknowledge 1",
      "acknowledge 2,3",
      "reject 4",
      "extend 5",
      "acknowledge 5,6",
    ]);
  });

  test("of deliveries that it does not hold never reaches the plugin", async () => {
    const subscription = await pubsub.hold("t");
    pattern.outlet!.send([deliveryOf("1")]);
    const [first] = await subscription.count(1);
    subscription.acknowledge({ ...first!, deliveryId: "made up" });
    subscription.acknowledge(first!, first!);
    subscription.reject([first!]);
    pattern.outlet!.send([deliveryOf("2")]);
    subscription.extend((await subscription.count(2)).slice(1));
    await eventually("the last word is there", () => pattern.asked.includes("extend 2"));
    expect(pattern.asked).toEqual(["subscribe t", "acknowledge 1", "extend 2"]);
  });
});

describe("at least once", () => {
  test("room is what the subscriber allows, less what it holds", async () => {
    const subscription = await pubsub.hold("t", { maxMessages: 3, maxBytes: 10_000 });
    expect(await pattern.outlet!.room()).toEqual({ items: 3, bytes: 10_000 });
    pattern.outlet!.send([deliveryOf("1", 999)]);
    expect(await pattern.outlet!.room()).toEqual({ items: 2, bytes: 9_000 });
    pattern.outlet!.send([deliveryOf("2"), deliveryOf("3")]);
    let room: unknown;
    void pattern.outlet!.room().then((given) => {
      room = given;
    });
    const [first] = await subscription.count(3);
    expect(room).toBeUndefined();
    subscription.acknowledge(first!);
    await eventually("there is room again", () => room !== undefined);
    expect(room).toEqual({ items: 1, bytes: 9_998 });
  });

  test("what a plugin sends beyond the room waits, and goes first", async () => {
    const subscription = await pubsub.hold("t", { maxMessages: 2 });
    pattern.outlet!.send(["1", "2", "3"].map((id) => deliveryOf(id)));
    pattern.outlet!.send([deliveryOf("4")]);
    const [first] = await subscription.count(2);
    await pubsub.publish("unrelated", "v");
    expect(subscription.arrivals.length).toBe(2);
    subscription.acknowledge(first!);
    await subscription.count(3);
    subscription.acknowledge(...subscription.arrivals.slice(1));
    expect((await subscription.count(4)).map(({ deliveryId }) => deliveryId)).toEqual(["1", "2", "3", "4"]);
  });

  test("many messages are sent in answers of a moderate size", async () => {
    const subscription = await pubsub.hold("t", { maxMessages: 10_000, maxBytes: 64 * 2 ** 20 });
    pattern.outlet!.send(
      Array.from({ length: 2_500 }, (_, index) => deliveryOf(`${index}`, index % 100 === 0 ? 300_000 : 1)),
    );
    await subscription.count(2_500);
    expect(subscription.arrivals.map(({ deliveryId }) => Number(deliveryId))).toEqual(
      Array.from({ length: 2_500 }, (_, index) => index),
    );
  });
});
