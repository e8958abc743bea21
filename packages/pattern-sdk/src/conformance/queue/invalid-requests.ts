import type { QueueCapability } from "../../patterns/queue/queue-capabilities.js";
import type { Duration } from "../../protocol/gen/google/protobuf/duration.js";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import * as wire from "../../protocol/gen/prism/queue/v1/queue.js";
import { encodeMessage } from "../../protocol/message.js";
import { messageOf } from "../messaging/messages.js";
import type { InvalidRequests } from "../pattern-suite.js";
import type { QueueClient } from "./queue-client.js";

type Send = (queue: QueueClient) => Promise<unknown>;

const seconds = (whole: number, nanos = 0): Duration => ({ seconds: BigInt(whole), nanos });

const twelveHours = 43_200;

/** Beyond a bound by one byte, in characters of one and of several bytes. */
const tooLong = (bytesMax: number) => ["x".repeat(bytesMax + 1), `${"é".repeat(bytesMax / 2)}a`];

const sendEntries =
  (entries: readonly Partial<wire.SendEntry>[]): Send =>
  (queue) => {
    const whole = entries.map((entry) => ({ message: messageOf(), delay: undefined, deduplicationId: "", ...entry }));
    return queue.call("Send", wire.SendRequest, wire.SendResponse, { namespace: queue.namespace, entries: whole });
  };

const sendMessage = (fields: Partial<Message>) => sendEntries([{}, { message: messageOf(fields) }]);

const receive =
  (fields: Partial<wire.ReceiveRequest>): Send =>
  (queue) => {
    const request = { namespace: queue.namespace, maxMessages: 0, lease: undefined, wait: undefined, ...fields };
    return queue.call("Receive", wire.ReceiveRequest, wire.ReceiveResponse, request);
  };

const acknowledge =
  (deliveryIds: string[]): Send =>
  (queue) =>
    queue.acknowledge(deliveryIds);

const reject =
  (fields: Partial<wire.RejectRequest>): Send =>
  (queue) => {
    const request = { namespace: queue.namespace, deliveryIds: ["1.none"], delay: undefined, cause: "", ...fields };
    return queue.call("Reject", wire.RejectRequest, wire.RejectResponse, request);
  };

const extend =
  (fields: Partial<wire.ExtendRequest>): Send =>
  (queue) => {
    const request = { namespace: queue.namespace, deliveryIds: ["1.none"], lease: undefined, ...fields };
    return queue.call("Extend", wire.ExtendRequest, wire.ExtendResponse, request);
  };

const noStart: wire.Start = { maxOutstandingMessages: 0, maxOutstandingBytes: 0n, lease: undefined };
const started = { $case: "start" as const, value: noStart };
const acknowledged = { $case: "acknowledge" as const, value: { namespace: "", deliveryIds: ["1.none"] } };

/** Requests of one stream, each with the namespace unless it says another. */
const consume =
  (...requests: readonly Partial<wire.ConsumeRequest>[]): Send =>
  async (queue) => {
    const whole = ({ namespace = queue.namespace, action }: Partial<wire.ConsumeRequest>) => ({ namespace, action });
    const [first = {}, ...others] = requests;
    const consumer = queue.consumeWith(encodeMessage(wire.ConsumeRequest, whole(first)), { reads: true });
    for (const request of others) consumer.say(whole(request));
    const error = await consumer.ended;
    if (error !== undefined) throw error;
  };

const start = (fields: Partial<wire.Start>) =>
  consume({ action: { $case: "start", value: { ...noStart, ...fields } } });

const tooManyIds = Array.from({ length: 1_001 }, (_, index) => `1.id-${index}`);
const header = (name: string, value = "v") => ({ name, value: Buffer.from(value) });

/** Requests that are refused whatever is stored. */
export const invalidRequests: readonly InvalidRequests<QueueClient, QueueCapability>[] = [
  {
    what: "messages",
    needs: [],
    requests: [
      { field: "entries", send: sendEntries([]) },
      { field: "entries", send: sendEntries(Array.from({ length: 1_001 }, () => ({}))) },
      { field: "entries[1].message", send: sendEntries([{}, { message: undefined }]) },
      ...tooLong(128).map((id) => ({ field: "entries[1].message.id", send: sendMessage({ id }) })),
      ...tooLong(1_024).map((key) => ({ field: "entries[1].message.key", send: sendMessage({ key }) })),
      ...tooLong(256).map((contentType) => ({
        field: "entries[1].message.content_type",
        send: sendMessage({ contentType }),
      })),
      ...["", ...tooLong(128), "prism-", "prism-cause"].map((name) => ({
        field: "entries[1].message.headers[1].name",
        send: sendMessage({ headers: [header("fine"), header(name)] }),
      })),
      {
        field: "entries[1].message.headers",
        send: sendMessage({ headers: Array.from({ length: 65 }, () => header("h")) }),
      },
      { field: "entries[1].message.headers", send: sendMessage({ headers: [header("h", "v".repeat(32_768))] }) },
    ],
  },
  {
    what: "receives",
    needs: [],
    requests: [
      { field: "max_messages", send: receive({ maxMessages: 101 }) },
      { field: "lease", send: receive({ lease: seconds(0) }) },
      { field: "lease", send: receive({ lease: seconds(-1) }) },
      { field: "lease", send: receive({ lease: seconds(0, 999_999_999) }) },
      { field: "lease", send: receive({ lease: seconds(1, 500_000_000) }) },
      { field: "lease", send: receive({ lease: seconds(twelveHours + 1) }) },
      { field: "wait", send: receive({ wait: seconds(-1) }) },
      { field: "wait", send: receive({ wait: seconds(20, 1_000_000) }) },
    ],
  },
  {
    what: "ids of deliveries",
    needs: [],
    requests: [
      acknowledge,
      (deliveryIds: string[]) => reject({ deliveryIds }),
      (deliveryIds: string[]) => extend({ deliveryIds }),
    ].flatMap((settle) => [
      { field: "delivery_ids", send: settle([]) },
      { field: "delivery_ids", send: settle(tooManyIds) },
      { field: "delivery_ids[1]", send: settle(["1.none", ""]) },
      { field: "delivery_ids[0]", send: settle(["x".repeat(300)]) },
    ]),
  },
  {
    what: "rejections and extensions",
    needs: [],
    requests: [
      { field: "cause", send: reject({ cause: "x".repeat(1_025) }) },
      { field: "delay", send: reject({ delay: seconds(-1) }) },
      { field: "delay", send: reject({ delay: seconds(twelveHours, 1_000_000) }) },
      { field: "lease", send: extend({ lease: seconds(0) }) },
      { field: "lease", send: extend({ lease: seconds(1, 1_000_000) }) },
      { field: "lease", send: extend({ lease: seconds(twelveHours + 1) }) },
    ],
  },
  {
    what: "streams of a consumer",
    needs: [],
    requests: [
      { field: "start", send: consume({ action: undefined }) },
      { field: "start", send: consume({ action: acknowledged }) },
      { field: "start.max_outstanding_messages", send: start({ maxOutstandingMessages: 10_001 }) },
      { field: "start.max_outstanding_bytes", send: start({ maxOutstandingBytes: 1_023n }) },
      { field: "start.max_outstanding_bytes", send: start({ maxOutstandingBytes: 67_108_865n }) },
      { field: "start.lease", send: start({ lease: seconds(0) }) },
      { field: "start.lease", send: start({ lease: seconds(twelveHours + 1) }) },
    ],
  },
  {
    what: "requests of a consumer that has begun",
    needs: [],
    requests: [
      { field: "start", send: consume({ action: started }, { action: started }) },
      { field: "action", send: consume({ action: started }, { action: undefined }) },
      { field: "namespace", send: consume({ action: started }, { namespace: "another", action: acknowledged }) },
      {
        field: "acknowledge.namespace",
        send: consume(
          { action: started },
          { action: { $case: "acknowledge", value: { namespace: "another", deliveryIds: ["1.none"] } } },
        ),
      },
    ],
  },
  {
    what: "settlements of a consumer",
    needs: [],
    requests: [
      {
        field: "acknowledge.delivery_ids",
        send: consume(
          { action: started },
          { action: { $case: "acknowledge", value: { namespace: "", deliveryIds: [] } } },
        ),
      },
      {
        field: "extend.lease",
        send: consume(
          { action: started },
          { action: { $case: "extend", value: { namespace: "", deliveryIds: ["1.none"], lease: seconds(0) } } },
        ),
      },
    ],
  },
  {
    what: "delays",
    needs: ["delay"],
    requests: [
      { field: "entries[0].delay", send: sendEntries([{ delay: seconds(-1) }]) },
      { field: "entries[0].delay", send: sendEntries([{ delay: seconds(1_209_600, 1_000_000) }]) },
      { field: "entries[0].delay", send: sendEntries([{ delay: seconds(1, -1) }]) },
    ],
  },
  {
    what: "deduplication ids",
    needs: ["deduplication"],
    requests: tooLong(128).map((deduplicationId) => ({
      field: "entries[1].deduplication_id",
      send: sendEntries([{}, { deduplicationId }]),
    })),
  },
  {
    what: "questions about dead letters",
    needs: ["dead_letter"],
    requests: [
      { field: "page_size", send: (queue) => queue.deadLetterPage({ size: 1_001 }) },
      { field: "limit", send: (queue) => queue.redrive({ limit: 10_001 }) },
      { field: "message_ids", send: (queue) => queue.redrive({ ids: tooManyIds }) },
      { field: "message_ids[1]", send: (queue) => queue.redrive({ ids: ["m", ""] }) },
      { field: "message_ids[0]", send: (queue) => queue.redrive({ ids: ["x".repeat(129)] }) },
    ],
  },
];
