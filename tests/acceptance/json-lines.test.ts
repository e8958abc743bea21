import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memory } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { callJson } from "./json-call.ts";
import { readMetric } from "./metric.ts";
import { type RunningCommand, startCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";

const withinMs = 10_000;
const payload = Buffer.from("two : one").toString("base64");

let prism: PrismProcess;

beforeAll(async () => {
  const namespaces = {
    news: { pattern: "pub-sub", backend: "memory" },
    log: { pattern: "stream", backend: "memory", options: { partitions: 1 } },
    jobs: { pattern: "queue", backend: "memory" },
  };
  prism = await PrismProcess.start({ config: { backends: { memory: memory.config() }, namespaces } });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** curl with a call that is answered by many messages; nothing is buffered on its side. */
function curl(method: string, body: object, ...more: string[]): RunningCommand {
  const given = ["-sSN", "-d", JSON.stringify(body), "-H", "content-type: application/json", ...more];
  return startCommand("curl", [...given, `http://${prism.listen}/${method}`]);
}

const linesOf = ({ stdout }: RunningCommand): unknown[] =>
  stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

/** What each pattern answers with many messages: what the reader is told at first, and what makes the next line come. */
const calls = [
  {
    does: "a subscription",
    namespace: "news",
    method: "prism.pubsub.v1.PubSubService/Subscribe",
    body: { start: { topic: "sport.*" } },
    told: [{ started: { delivery: "DELIVERY_PROMISE_AT_MOST_ONCE" } }],
    next: ["prism.pubsub.v1.PubSubService/Publish", { topic: "sport.final", messages: [{ payload }] }],
    line: { deliveries: { deliveries: [{ topic: "sport.final", message: { payload } }] } },
  },
  {
    does: "a stream that is followed",
    namespace: "log",
    method: "prism.stream.v1.StreamService/Read",
    body: { follow: true, latest: true },
    told: [{ records: [], caughtUp: true }],
    next: ["prism.stream.v1.StreamService/Append", { records: [{ payload }] }],
    line: { records: [{ partition: 0, message: { payload } }] },
  },
  {
    does: "a worker of a queue",
    namespace: "jobs",
    method: "prism.queue.v1.QueueService/Consume",
    body: { start: { maxOutstandingMessages: 1 } },
    told: [],
    next: ["prism.queue.v1.QueueService/Send", { entries: [{ message: { payload } }] }],
    line: { deliveries: { deliveries: [{ message: { payload }, deliveryCount: expect.any(Number) }] } },
  },
] as const;

const versions = [
  ["HTTP/1.1", "--http1.1"],
  ["HTTP/2", "--http2-prior-knowledge"],
] as const;

describe.each(versions)("over %s", (_, version) => {
  test.each(calls)("$does is a line for each message as it comes, until its reader leaves", async (call) => {
    const { namespace, method, body, told, next, line } = call;
    await using reader = curl(method, { namespace, ...body }, version);
    await eventually("what it is told at first", withinMs, () => linesOf(reader).length === told.length);
    const sent = await callJson(prism.listen, next[0], { namespace, ...next[1] });
    expect(sent.status).toBe(200);
    await eventually("the next line", withinMs, () => linesOf(reader).length > told.length);
    expect(linesOf(reader)).toMatchObject([...told, line]);
    reader.signal("SIGINT");
    await reader.ended;
    await eventually("the call has ended", withinMs, async () => {
      return (await readMetric(prism.admin, "prism_inflight_requests", `namespace="${namespace}"`)) === 0;
    });
  });

  test("a stream that is read to its end is lines that end by themselves", async () => {
    await callJson(prism.listen, "prism.stream.v1.StreamService/Append", { namespace: "log", records: [{ payload }] });
    await using reader = curl("prism.stream.v1.StreamService/Read", { namespace: "log" }, version);
    expect(await reader.ended).toBe(0);
    expect(linesOf(reader).at(-1)).toMatchObject({ caughtUp: true });
  });

  test("a call that is refused is one JSON error and no line", async () => {
    const given = ["-w", "\n%{http_code} %{content_type}", version];
    await using reader = curl("prism.pubsub.v1.PubSubService/Subscribe", { namespace: "nwes", start: {} }, ...given);
    expect(await reader.ended).toBe(0);
    const [error = "", told] = reader.stdout.split("\n");
    expect([JSON.parse(error).code, told]).toEqual(["not_found", "404 application/json"]);
  });
});
