import { randomUUID } from "node:crypto";
import { LocalServer, nats, sharedAddress } from "@prism-data/local-servers";
import type { GatewayError, Stream } from "@prism-data/pattern-sdk";
import { connect } from "nats";
import { expect, test, vi } from "vitest";
import { callWith, messageWith, openBackend } from "./testing/open-backend.js";
import { RecordingOutlet } from "./testing/recording-outlet.js";

const settings = { url: sharedAddress(nats, process.env) };
const soon = { timeout: 15_000, interval: 10 };
const earliest = { kind: "earliest" } as const;

const ids = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);

async function append(stream: Stream, ...texts: string[]): Promise<void> {
  const results = await stream.append(
    texts.map((text) => messageWith(text)),
    callWith(),
  );
  for (const result of results) if (!result.ok) throw result.error;
}

const appends = (stream: Stream, text: string) =>
  append(stream, text).then(
    () => true,
    () => false,
  );

async function join(stream: Stream, outlet: RecordingOutlet) {
  return stream.join!({ group: "g", start: earliest }, outlet, callWith());
}

test("members in two processes share the partitions, and one who leaves or dies is replaced without a loss", async () => {
  const name = randomUUID();
  await using one = await openBackend(settings);
  await using other = await openBackend(settings);
  const streams = await Promise.all([one, other].map((each) => each.stream({ name, partitions: 4 })));
  const outlets = [new RecordingOutlet(), new RecordingOutlet()];
  const members = await Promise.all(streams.map((stream, index) => join(stream, outlets[index]!)));
  const areShared = () => {
    const all = outlets.flatMap(({ partitions }) => partitions).sort();
    expect([all, outlets[0]!.partitions.length]).toEqual([[0, 1, 2, 3], 2]);
  };
  await vi.waitFor(areShared, soon);
  await append(streams[0]!, ...ids("a", 40));
  await vi.waitFor(() => expect(new Set(outlets.flatMap((outlet) => outlet.ids)).size).toBe(40), soon);
  const lost = outlets[0]!.partitions[0]!;
  const last = outlets[0]!.records.filter(({ partition }) => partition === lost).at(-1)!;
  expect(await members[0]!.commit([last], callWith())).toEqual([{ partition: lost, offset: last.offset }]);

  await members[0]!.leave();
  await vi.waitFor(() => expect(outlets[1]!.partitions).toEqual([0, 1, 2, 3]), soon);
  const rest = outlets[0]!.records.filter(({ partition }) => partition !== lost).map(({ message }) => message.id);
  await vi.waitFor(() => expect(outlets[1]!.ids).toEqual(expect.arrayContaining(rest)), soon);
  const committed = outlets[0]!.records.filter(({ partition }) => partition === lost);
  for (const { message } of committed) expect(outlets[1]!.ids).not.toContain(message.id);

  await other.die();
  const successor = new RecordingOutlet();
  await join(streams[0]!, successor);
  await vi.waitFor(() => expect(successor.partitions).toEqual([0, 1, 2, 3]), soon);
  await vi.waitFor(() => expect(successor.ids).toEqual(expect.arrayContaining(outlets[1]!.ids)), soon);
}, 60_000);

test("while NATS is away appends fail at once; soon after its return they work, and readers and members go on", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await openBackend({ url: server.url });
  const stream = await opened.stream({ partitions: 2 });
  await append(stream, "before");
  const [reader, member] = [new RecordingOutlet(), new RecordingOutlet()];
  const ending = new AbortController();
  const reading = stream.read({ start: earliest, follow: true }, reader, callWith(ending.signal));
  const seat = await join(stream, member);
  await vi.waitFor(() => expect([reader.ids, member.ids]).toEqual([["before"], ["before"]]), soon);
  await seat.commit(member.records, callWith());

  await server.kill();
  await vi.waitFor(() => expect(opened.health.at(-1)?.reachable).toBe(false), soon);
  const sentAtMs = performance.now();
  const [result] = await stream.append([messageWith("lost")], callWith());
  expect(performance.now() - sentAtMs).toBeLessThan(100);
  expect((result as { error: GatewayError }).error).toMatchObject({ reason: "BACKEND_UNAVAILABLE", retryAfterMs: 500 });

  await server.start();
  const backAtMs = performance.now();
  await vi.waitFor(async () => expect(await appends(stream, "after")).toBe(true), soon);
  expect(performance.now() - backAtMs).toBeLessThan(2_000);
  await vi.waitFor(() => expect(reader.ids).toEqual(["before", "after"]), soon);
  await vi.waitFor(() => expect(member.ids).toEqual(["before", "after"]), soon);
  await vi.waitFor(async () => expect(await seat.commit(member.records.slice(-1), callWith())).toHaveLength(1), soon);
  ending.abort();
  expect([member.failures, member.partitions]).toEqual([[], [0, 1]]);
  await reading;
}, 60_000);

test("a member whose server was away for longer than its process is missed begins again at its last commit", async () => {
  await using server = await LocalServer.start(nats, { environment: process.env });
  await using opened = await openBackend({ url: server.url });
  const stream = await opened.stream();
  await append(stream, "a", "b");
  const member = new RecordingOutlet();
  const seat = await join(stream, member);
  await vi.waitFor(() => expect(member.ids).toEqual(["a", "b"]), soon);
  await seat.commit(member.records.slice(0, 1), callWith());
  await server.kill();
  await vi.waitFor(() => expect(member.partitions).toEqual([]), soon);
  await server.start();
  await vi.waitFor(() => expect(member.ids).toEqual(["a", "b", "b"]), soon);
  expect(member.partitions).toEqual([0]);
}, 60_000);

test("what retention has deleted is gone from the server, also when nobody reads", async () => {
  await using opened = await openBackend(settings);
  const name = randomUUID();
  const stream = await opened.stream({ name, retentionMs: 1_000 });
  await append(stream, "a", "b");
  await using server = await connect({ servers: settings.url }).then((connection) => ({
    info: async () => (await connection.jetstreamManager()).streams.info(`prism~stream~${name}~0`),
    [Symbol.asyncDispose]: () => connection.close(),
  }));
  expect((await server.info()).state.messages).toBe(2);
  await vi.waitFor(async () => expect((await server.info()).state).toMatchObject({ messages: 0, bytes: 0 }), soon);
});

test("replicas that the servers do not have are refused when the namespace is bound", async () => {
  await using opened = await openBackend({ ...settings, replicas: 3 });
  await expect(opened.stream()).rejects.toMatchObject({ reason: "BACKEND_FAILED" });
});
