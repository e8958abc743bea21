import { expect, test } from "vitest";
import { postgres as postgresServer, startOwnServer } from "../servers/own-server.ts";
import { backendOf, pluginPid } from "./admin-client.ts";
import { eventually } from "./eventually.ts";
import { callJson, type JsonAnswer } from "./json-call.ts";
import { PrismProcess } from "./prism-process.ts";

const deadlineMs = 2_000;
const backWithinMs = 2_000;

const patterns = ["key-value", "pub-sub", "queue", "relational", "stream"];

/** A write of each pattern to the namespace that is named as the pattern. */
const writes: Readonly<Record<string, readonly [method: string, request: object]>> = {
  "key-value": ["prism.keyvalue.v1.KeyValueService/Increment", { key: "k", delta: "1" }],
  "pub-sub": ["prism.pubsub.v1.PubSubService/Publish", { topic: "t", messages: [{ payload: "eA==" }] }],
  queue: ["prism.queue.v1.QueueService/Send", { entries: [{ message: { payload: "eA==" } }] }],
  relational: [
    "prism.relational.v1.RelationalService/Execute",
    { statement: { sql: "INSERT INTO t VALUES ($1)", parameters: [{ int64: "1" }] } },
  ],
  stream: ["prism.stream.v1.StreamService/Append", { records: [{ payload: "eA==" }] }],
};

/** What says how much a namespace holds, and where in the answer. */
const counts: Readonly<Record<string, readonly [method: string, request: object, count: (body: string) => string]>> = {
  "key-value": [
    "prism.keyvalue.v1.KeyValueService/Get",
    { key: "k" },
    (body) => atob(/"value":"([^"]*)"/.exec(body)![1]!),
  ],
  queue: ["prism.queue.v1.QueueService/Describe", {}, (body) => /"ready":"(\d+)"/.exec(body)![1]!],
  relational: [
    "prism.relational.v1.RelationalService/Execute",
    { statement: { sql: "UPDATE t SET n = n" } },
    (body) => /"rowsAffected":"(\d+)"/.exec(body)![1]!,
  ],
  stream: ["prism.stream.v1.StreamService/Describe", {}, (body) => /"nextOffset":"(\d+)"/.exec(body)![1]!],
};

test("while PostgreSQL is down every pattern fails in time; when it is back so are they, with all that was acknowledged", async () => {
  await using postgres = await startOwnServer(postgresServer);
  const namespaces = Object.fromEntries(
    patterns.map((pattern) => [pattern, { pattern, backend: "db", timeout: "2s" }]),
  );
  const backends = { db: { plugin: "postgres", settings: { url: postgres.url } } };
  await using prism = await PrismProcess.start({ config: { backends, namespaces } });
  const call = (pattern: string, [method, request]: readonly [string, object, ...unknown[]]) =>
    callJson(prism.listen, method, { namespace: pattern, ...request });
  const made = await call("relational", [writes.relational![0], { statement: { sql: "CREATE TABLE t (n BIGINT)" } }]);
  expect(made.status).toBe(200);
  const acknowledged = new Map(patterns.map((pattern) => [pattern, 0]));
  const write = async (pattern: string) => {
    const answer = await call(pattern, writes[pattern]!);
    if (isDone(answer)) acknowledged.set(pattern, acknowledged.get(pattern)! + 1);
    return answer;
  };
  for (const pattern of patterns) expect(isDone(await write(pattern)), pattern).toBe(true);
  const pid = await pluginPid(prism.admin, "db");

  await postgres.kill();
  for (const pattern of patterns) {
    const startMs = performance.now();
    const answer = await write(pattern);
    expect([pattern, JSON.stringify(answer.body)]).toEqual([pattern, expect.stringContaining("BACKEND_UNAVAILABLE")]);
    expect(performance.now() - startMs).toBeLessThan(deadlineMs);
  }

  await postgres.start();
  await Promise.all(
    patterns.map((pattern) => eventually(`${pattern} to work`, backWithinMs, async () => isDone(await write(pattern)))),
  );
  for (const [pattern, count] of Object.entries(counts)) {
    const answer = await call(pattern, count);
    expect([pattern, count[2](JSON.stringify(answer.body))]).toEqual([pattern, String(acknowledged.get(pattern))]);
  }
  expect(await backendOf(prism.admin, "db")).toMatchObject({ pid, restarts: 0 });
});

/** Batches answer an outcome for each entry. */
function isDone({ status, body }: JsonAnswer): boolean {
  return status === 200 && !JSON.stringify(body).includes('"error"');
}
