import type { PubSubCapability } from "../../patterns/pub-sub/pub-sub-capabilities.js";
import type { DeliveryPromise, Message } from "../../protocol/gen/prism/message/v1/message.js";
import type * as wire from "../../protocol/gen/prism/pubsub/v1/pubsub.js";
import { messageOf, numbered } from "../messaging/messages.js";
import type { InvalidRequests } from "../pattern-suite.js";
import { type PubSubClient, type SubscribeOptions, startOf } from "./pub-sub-client.js";
import { PubSubSubscription } from "./pub-sub-subscription.js";

const badTopics = [
  "",
  ".",
  "a.",
  ".a",
  "a..b",
  "a b",
  "a\tb",
  "a\u00a0b",
  "a\0",
  "a\u007f",
  "x".repeat(256),
  "é".repeat(128),
];

const patterns = ["*", "a.*", ">", "a.>"];

const badPatterns = ["a*", "*a", "a.b*", ">.a", "a.>.b", "a>", "**", ">>", "*."];

const start =
  (fields: Partial<wire.Start>, options: SubscribeOptions = {}) =>
  (pubsub: PubSubClient) =>
    pubsub.open({ ...startOf(options), topic: "t", ...fields });

const publish = (fields: Partial<Message>) => (pubsub: PubSubClient) =>
  pubsub.publish("t", messageOf({}), messageOf(fields));

const headers = (...names: readonly string[]) => names.map((name) => ({ name, value: new Uint8Array() }));

/** A step after a start; resolves or rejects as the subscription ends. */
const step = (action: wire.SubscribeRequest["action"], options: SubscribeOptions = {}, namespace = "") => {
  return async (pubsub: PubSubClient): Promise<void> => {
    const subscription = await pubsub.subscribe("t", options);
    subscription.send(action, namespace);
    const end = await subscription.ended;
    if (end !== undefined) throw end;
  };
};

const held = { atLeastOnce: true };
const acknowledge = (deliveryIds: string[]) => ({ $case: "acknowledge" as const, value: { deliveryIds } });
const reject = (fields: Partial<wire.Reject>) => ({
  $case: "reject" as const,
  value: { deliveryIds: ["1"], delay: undefined, cause: "", ...fields },
});
const extend = (seconds: bigint, nanos = 0) => ({
  $case: "extend" as const,
  value: { deliveryIds: ["1"], acknowledgeTimeout: { seconds, nanos } },
});

const firstWithout = async (pubsub: PubSubClient): Promise<void> => {
  const request = { namespace: pubsub.namespace, action: acknowledge(["1"]) };
  await PubSubSubscription.open(pubsub.stream("Subscribe"), request, true);
};

/** Requests that are refused whatever is published. */
export const invalidRequests: readonly InvalidRequests<PubSubClient, PubSubCapability>[] = [
  {
    what: "topics",
    needs: [],
    requests: [
      ...[...badTopics, ...patterns, ...badPatterns].map((topic) => ({
        field: "topic",
        send: (pubsub: PubSubClient) => pubsub.publish(topic, "v"),
      })),
      ...[...badTopics, ...badPatterns].map((topic) => ({ field: "start.topic", send: start({ topic }) })),
    ],
  },
  {
    what: "messages",
    needs: [],
    requests: [
      { field: "messages", send: (pubsub) => pubsub.publish("t") },
      { field: "messages", send: (pubsub) => pubsub.publish("t", ...numbered(1_001)) },
      { field: "messages[1].id", send: publish({ id: "x".repeat(129) }) },
      { field: "messages[1].key", send: publish({ key: "é".repeat(513) }) },
      { field: "messages[1].content_type", send: publish({ contentType: "x".repeat(257) }) },
      { field: "messages[1].headers", send: publish({ headers: headers(...numbered(65)) }) },
      { field: "messages[1].headers", send: publish({ headers: [{ name: "h", value: Buffer.alloc(32_768) }] }) },
      { field: "messages[1].headers[1].name", send: publish({ headers: headers("a", "") }) },
      { field: "messages[1].headers[0].name", send: publish({ headers: headers("x".repeat(129)) }) },
      { field: "messages[1].headers[0].name", send: publish({ headers: headers("prism-cause") }) },
    ],
  },
  {
    what: "starts",
    needs: [],
    requests: [
      { field: "start", send: firstWithout },
      { field: "start.group", send: start({ group: `${"é".repeat(64)}x` }) },
      { field: "start.delivery", send: start({ delivery: 7 as DeliveryPromise }) },
      { field: "start.max_outstanding_messages", send: start({ maxOutstandingMessages: 10_001 }) },
      { field: "start.max_outstanding_bytes", send: start({ maxOutstandingBytes: 1_023n }) },
      { field: "start.max_outstanding_bytes", send: start({ maxOutstandingBytes: 67_108_865n }) },
      { field: "start.max_outstanding_bytes", send: start({ maxOutstandingBytes: 2n ** 64n - 1n }) },
      ...[0n, -1n, 43_201n].map((seconds) => ({
        field: "start.acknowledge_timeout",
        send: start({ acknowledgeTimeout: { seconds, nanos: 0 } }),
      })),
      { field: "start.acknowledge_timeout", send: start({ acknowledgeTimeout: { seconds: 1n, nanos: 500_000_000 } }) },
    ],
  },
  {
    what: "steps of a subscription at most once",
    needs: [],
    requests: [
      { field: "action", send: step(undefined) },
      { field: "start", send: step({ $case: "start", value: { ...startOf(), topic: "t" } }) },
      { field: "namespace", send: step(acknowledge(["1"]), {}, "another") },
      { field: "acknowledge", send: step(acknowledge(["1"])) },
      { field: "reject", send: step(reject({})) },
      { field: "extend", send: step(extend(1n)) },
    ],
  },
  {
    what: "steps of a subscription at least once",
    needs: ["acknowledgement"],
    requests: [
      { field: "acknowledge.delivery_ids", send: step(acknowledge([]), held) },
      { field: "acknowledge.delivery_ids", send: step(acknowledge(numbered(1_001)), held) },
      { field: "acknowledge.delivery_ids[1]", send: step(acknowledge(["1", ""]), held) },
      { field: "acknowledge.delivery_ids[0]", send: step(acknowledge(["x".repeat(257)]), held) },
      { field: "reject.delivery_ids", send: step(reject({ deliveryIds: [] }), held) },
      { field: "reject.cause", send: step(reject({ cause: "x".repeat(1_025) }), held) },
      { field: "reject.delay", send: step(reject({ delay: { seconds: -1n, nanos: 0 } }), held) },
      { field: "reject.delay", send: step(reject({ delay: { seconds: 43_201n, nanos: 0 } }), held) },
      ...[0n, -1n, 43_201n].map((seconds) => ({
        field: "extend.acknowledge_timeout",
        send: step(extend(seconds), held),
      })),
      { field: "extend.acknowledge_timeout", send: step(extend(1n, 1), held) },
      { field: "namespace", send: step(acknowledge(["1"]), held, "another") },
      { field: "start", send: step({ $case: "start", value: { ...startOf(), topic: "t" } }, held) },
    ],
  },
];
