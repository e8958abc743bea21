import type { StreamCapability } from "../../patterns/stream/stream-capabilities.js";
import type { Message } from "../../protocol/gen/prism/message/v1/message.js";
import type * as wire from "../../protocol/gen/prism/stream/v1/stream.js";
import { messageOf } from "../messaging/messages.js";
import type { InvalidRequests } from "../pattern-suite.js";
import type { StreamClient } from "./stream-client.js";

const header = (name: string, sizeBytes = 0) => ({ name, value: new Uint8Array(sizeBytes) });

const appending =
  (...records: Message[]) =>
  (stream: StreamClient) =>
    stream.append(...records);

const reading = (request: Partial<wire.ReadRequest>) => async (stream: StreamClient) => {
  await stream.readWith(request).finished();
};

const joining = (join: Partial<wire.Join>) =>
  consuming({
    $case: "join",
    value: { group: "g", start: undefined, maxOutstandingRecords: 0, maxOutstandingBytes: 0n, ...join },
  });

/** Opens a stream with this request; fails with how the stream ended. */
function consuming(action: wire.ConsumeRequest["action"]) {
  return (stream: StreamClient) => failed(stream.consumeWith(action).ended);
}

/** Joins, and then sends this request. */
function then(request: wire.ConsumeRequest) {
  return async (stream: StreamClient) => {
    const member = stream.consume("g");
    await member.untilAssigned();
    member.send(request);
    await failed(member.ended);
  };
}

const committing = (...positions: wire.Position[]) =>
  then({ namespace: "", action: { $case: "commit", value: { positions } } });

async function failed(ended: Promise<unknown>): Promise<void> {
  const error = await ended;
  if (error !== undefined) throw error;
}

/** Requests that are refused whatever the log holds. */
export const invalidRequests: readonly InvalidRequests<StreamClient, StreamCapability>[] = [
  {
    what: "records",
    needs: [],
    requests: [
      { field: "records", send: appending() },
      { field: "records", send: appending(...Array.from({ length: 1_001 }, () => messageOf({}))) },
      { field: "records[0].id", send: appending(messageOf({ id: "i".repeat(129) })) },
      { field: "records[1].key", send: appending(messageOf({}), messageOf({ key: `${"é".repeat(512)}a` })) },
      { field: "records[0].content_type", send: appending(messageOf({ contentType: "t".repeat(257) })) },
      {
        field: "records[0].headers",
        send: appending(messageOf({ headers: Array.from({ length: 65 }, () => header("h")) })),
      },
      { field: "records[0].headers", send: appending(messageOf({ headers: [header("h", 32_768)] })) },
      { field: "records[0].headers[1].name", send: appending(messageOf({ headers: [header("h"), header("")] })) },
      { field: "records[0].headers[0].name", send: appending(messageOf({ headers: [header("n".repeat(129))] })) },
      { field: "records[0].headers[0].name", send: appending(messageOf({ headers: [header("prism-id")] })) },
    ],
  },
  {
    what: "reads",
    needs: [],
    requests: [
      { field: "partition", send: reading({ partition: 1 }) },
      { field: "earliest", send: reading({ start: { $case: "earliest", value: false } }) },
      { field: "latest", send: reading({ start: { $case: "latest", value: false } }) },
      { field: "offset", send: reading({ start: { $case: "offset", value: 2n ** 63n } }) },
    ],
  },
  {
    what: "times",
    needs: ["replay_by_time"],
    requests: [
      { field: "time", send: reading({ start: { $case: "time", value: { seconds: -1n, nanos: 0 } } }) },
      { field: "time", send: reading({ start: { $case: "time", value: { seconds: 1n, nanos: 1_000_000_000 } } }) },
      { field: "time", send: reading({ start: { $case: "time", value: { seconds: 253_402_300_800n, nanos: 0 } } }) },
    ],
  },
  {
    what: "members",
    needs: ["groups"],
    requests: [
      { field: "join", send: consuming(undefined) },
      { field: "join", send: consuming({ $case: "commit", value: { positions: [{ partition: 0, offset: 0n }] } }) },
      { field: "join.group", send: joining({ group: "" }) },
      { field: "join.group", send: joining({ group: `${"é".repeat(64)}a` }) },
      { field: "join.earliest", send: joining({ start: { $case: "earliest", value: false } }) },
      { field: "join.latest", send: joining({ start: { $case: "latest", value: false } }) },
      { field: "join.max_outstanding_records", send: joining({ maxOutstandingRecords: 10_001 }) },
      { field: "join.max_outstanding_bytes", send: joining({ maxOutstandingBytes: 1_023n }) },
      { field: "join.max_outstanding_bytes", send: joining({ maxOutstandingBytes: 2n ** 26n + 1n }) },
      { field: "group", send: (stream) => stream.describe("g".repeat(129)) },
    ],
  },
  {
    what: "commits",
    needs: ["groups"],
    requests: [
      { field: "commit.positions", send: committing() },
      {
        field: "commit.positions",
        send: committing(...Array.from({ length: 1_001 }, () => ({ partition: 0, offset: 0n }))),
      },
      { field: "commit.positions[0].partition", send: committing({ partition: 1, offset: 0n }) },
      { field: "commit.positions[0].offset", send: committing({ partition: 0, offset: 2n ** 63n }) },
      { field: "commit", send: then({ namespace: "", action: undefined }) },
      { field: "namespace", send: then({ namespace: "elsewhere", action: undefined }) },
      {
        field: "join",
        send: then({
          namespace: "",
          action: {
            $case: "join",
            value: { group: "g", start: undefined, maxOutstandingRecords: 0, maxOutstandingBytes: 0n },
          },
        }),
      },
    ],
  },
];
