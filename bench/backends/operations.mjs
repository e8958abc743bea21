// What is done with each pattern, through Prism: the calls as bytes. What a driver alone does instead is in programs/drivers.
import { pubsub, queue, relational, stream } from "@prism-data/pattern-sdk/protocol";
import { getCall, setCall, valueOfSize } from "../requests.mjs";

/** How many messages one call of a stream brings or takes. */
export const messagesPerCall = 1_000;

const kib = 1_024;
const sizes = [100, kib];

/**
 * The operations of each pattern. `name` is what the driver calls it too; `inFlight` are the calls at once; `prepare` is called
 * once, before the first call, with a client.
 */
export const operations = {
  "key-value": [
    {
      ...unary("get", "Get of 1 KiB", getCall(kib)),
      prepare: (client) => client.unary(setCall(kib).path, setCall(kib).message),
    },
    unary("set", "Set of 1 KiB", setCall(kib)),
  ],
  "pub-sub": [
    unary("publish", "Publish of 1 KiB", publish("Publish", kib)),
    ...sizes.map((size) =>
      streamed(`publish-stream-${size}b`, `PublishStream, ${size} B`, repeated(publish("PublishStream", size))),
    ),
  ],
  stream: [
    unary("append", "Append of 1 KiB", append("Append", "stream", [messageOf(kib)])),
    ...sizes.map((size) =>
      streamed(
        `append-stream-${size}b`,
        `AppendStream, ${size} B`,
        repeated(append("AppendStream", "stream", [messageOf(size)])),
      ),
    ),
    ...sizes.map(read),
  ],
  queue: [unary("send", "Send of 1 KiB", send())],
  relational: [
    {
      ...unary("query", "Query of one row of 1 KiB by its key", query("SELECT value FROM bench WHERE id = 1")),
      prepare: makeTable,
    },
  ],
};

function unary(name, title, call) {
  return { name, title, call, inFlight: [1, 16, 64] };
}

function streamed(name, title, call) {
  return { name, title, call, inFlight: [1], messagesPerCall };
}

/** The same request many times on one call: each brings one message. */
function repeated({ path, message }) {
  return { path, messages: Array(messagesPerCall).fill(message), answerBytesMin: messagesPerCall };
}

function publish(method, sizeBytes) {
  const request = { namespace: "pub-sub", topic: "bench", messages: [messageOf(sizeBytes)] };
  const message = pubsub.PublishRequest.encode(request).finish();
  return { path: `/prism.pubsub.v1.PubSubService/${method}`, message, answerBytesMin: 1 };
}

function append(method, namespace, records) {
  const message = stream.AppendRequest.encode({ namespace, records }).finish();
  return { path: `/prism.stream.v1.StreamService/${method}`, message, answerBytesMin: 1 };
}

/** From a log of its own for each size, filled once. */
function read(sizeBytes) {
  const namespace = `stream-${sizeBytes}b`;
  const request = { namespace, partition: undefined, start: undefined, limit: BigInt(messagesPerCall), follow: false };
  const message = stream.ReadRequest.encode(request).finish();
  const call = { path: "/prism.stream.v1.StreamService/Read", message, answerBytesMin: messagesPerCall * sizeBytes };
  const fill = append("Append", namespace, Array(messagesPerCall).fill(messageOf(sizeBytes)));
  return {
    ...streamed(`read-${sizeBytes}b`, `Read, ${sizeBytes} B`, call),
    prepare: (client) => client.unary(fill.path, fill.message),
  };
}

function send() {
  const entry = { message: messageOf(kib), delay: undefined, deduplicationId: "" };
  const message = queue.SendRequest.encode({ namespace: "queue", entries: [entry] }).finish();
  return { path: "/prism.queue.v1.QueueService/Send", message, answerBytesMin: 1 };
}

function query(sql) {
  const statement = { sql, parameters: [] };
  const message = relational.QueryRequest.encode({ namespace: "relational", statement, batchRows: 0 }).finish();
  return { path: "/prism.relational.v1.RelationalService/Query", message, answerBytesMin: kib };
}

async function makeTable(client) {
  const text = "x".repeat(kib);
  for (const sql of [
    "DROP TABLE IF EXISTS bench",
    "CREATE TABLE bench (id BIGINT PRIMARY KEY, value TEXT)",
    `INSERT INTO bench VALUES (1, '${text}')`,
  ]) {
    const statement = { sql, parameters: [] };
    const message = relational.ExecuteRequest.encode({ namespace: "relational", statement }).finish();
    await client.unary("/prism.relational.v1.RelationalService/Execute", message);
  }
}

function messageOf(sizeBytes) {
  return { id: "", key: "", headers: [], contentType: "", payload: valueOfSize(sizeBytes) };
}
