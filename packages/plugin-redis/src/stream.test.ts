import { randomUUID } from "node:crypto";
import { LocalServer, redis, SilentNetwork, sharedAddress } from "@prism-data/local-servers";
import type { PluginContext } from "@prism-data/pattern-sdk";
import { Redis } from "ioredis";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import type { RedisStream } from "./stream.js";
import { callWith, eventually, failureOf, messageWith, type OpenBackend, openBackend } from "./testing/open-backend.js";
import { RecordTaker } from "./testing/taker.js";

const url = sharedAddress(redis, process.env);
const admin = new Redis(url);
afterAll(() => admin.disconnect());

const call = callWith();
const earliest = { group: "g", start: { kind: "earliest" } } as const;

async function opened(at = url, context: Partial<PluginContext> = {}): Promise<OpenBackend> {
  const backend = await openBackend({ url: at }, context);
  onTestFinished(() => backend[Symbol.asyncDispose]());
  return backend;
}

async function join(stream: RedisStream) {
  const taker = new RecordTaker();
  const member = await stream.join(earliest, taker, call);
  return Object.assign(taker, { member });
}

async function idsIn(stream: RedisStream): Promise<string[]> {
  const taker = new RecordTaker();
  await stream.read({ start: { kind: "earliest" }, follow: false }, taker, call);
  return taker.ids;
}

const records = (...ids: string[]) => ids.map((id) => messageWith({ id, key: id }));

describe("a group of two processes", () => {
  test("shares the partitions, hands them over when a member leaves, and delivers again what was not committed", async () => {
    const name = randomUUID();
    const options = { partitions: 4 };
    const [here, there] = [
      await (await opened()).stream({ name, options }),
      await (await opened()).stream({ name, options }),
    ];
    const ids = Array.from({ length: 40 }, (_, index) => `record ${index}`);
    await here.append(records(...ids));
    const [first, second] = [await join(here), await join(there)];
    await eventually(() => first.assignments.at(-1)?.length === 2 && second.assignments.at(-1)?.length === 2);
    await eventually(() => new Set([...first.ids, ...second.ids]).size === 40);
    const own = second.taken.filter(({ partition }) => second.assignments.at(-1)!.includes(partition));
    const ends = second.assignments
      .at(-1)!
      .map((partition) => own.findLast((record) => record.partition === partition)!);
    expect(await second.member.commit(ends, call)).toHaveLength(2);
    const committed = new Set(own.map(({ message }) => message.id));
    const before = first.taken.length;
    await second.member.leave();
    await eventually(() => first.assignments.at(-1)?.length === 4);
    await here.append(records("last"));
    await eventually(() => first.ids.includes("last"));
    expect(first.ids.slice(before).filter((id) => committed.has(id))).toEqual([]);
    expect(await second.member.commit(ends, call)).toEqual([]);
  });

  test("knows that a process is gone when Redis has lost its connection, and takes it in again when it is back", async () => {
    const name = randomUUID();
    const options = { partitions: 2 };
    const backend = `lost-${randomUUID()}`;
    const [here, there] = [
      await (await opened(url, { backend })).stream({ name, options }),
      await (await opened()).stream({ name, options }),
    ];
    const [first, second] = [await join(here), await join(there)];
    const share = () => [first, second].map(({ assignments }) => assignments.at(-1)!.length);
    await eventually(() => `${share()}` === "1,1");
    const told = first.assignments.length;
    const clients = String(await admin.client("LIST")).split("\n");
    for (const client of clients.filter((line) => line.includes(`name=prism-${backend}-watch `)))
      await admin.call("CLIENT", "KILL", "ID", /id=(\d+)/.exec(client)![1]!);
    await eventually(() => first.assignments.length > told + 1 && `${share()}` === "1,1");
    expect(first.assignments[told]).toEqual([]);
    await here.append(records("a", "b", "c", "d"));
    await eventually(() => new Set([...first.ids, ...second.ids]).size === 4);
    expect([...first.failures, ...second.failures]).toEqual([]);
  });

  test("knows that a process is gone that Redis still takes for connected, because its network has fallen silent", async () => {
    await using network = await SilentNetwork.start();
    const { hostname: host, port } = new URL(url);
    network.to = { host, port: Number(port) };
    const name = randomUUID();
    const options = { partitions: 2 };
    const gone = await openBackend({ url: `redis://127.0.0.1:${network.port}`, command_timeout: "100ms" });
    const [there, here] = [await gone.stream({ name, options }), await (await opened()).stream({ name, options })];
    const [first, second] = [await join(there), await join(here)];
    await eventually(() => first.assignments.at(-1)!.length === 1 && second.assignments.at(-1)!.length === 1);
    network.isSilent = true;
    network.goSilent();
    await eventually(() => second.assignments.at(-1)!.length === 2);
    const [, alive] = /^\d+ (.*)$/.exec((await admin.hvals(`prism:stream:{${name}}:members:g`))[0]!)!;
    expect(await admin.pubsub("NUMSUB", alive!)).toEqual([alive, 1]);
    await gone[Symbol.asyncDispose]();
  });
});

describe("what is over", () => {
  test("is removed from the server, also when nobody reads", async () => {
    const name = randomUUID();
    const stream = await (await opened()).stream({ name, options: { retentionMs: 1_000 } });
    await stream.append(records("a", "b"));
    expect(await admin.xlen(`prism:stream:{${name}}:records:0`)).toBe(2);
    await eventually(async () => (await admin.xlen(`prism:stream:{${name}}:records:0`)) === 0);
    expect((await stream.describe(undefined)).partitions).toMatchObject([{ earliestOffset: 2n, nextOffset: 2n }]);
  });

  test("is removed by the append that makes a partition too large, down to the newest record", async () => {
    const stream = await (await opened()).stream({ options: { retentionBytes: 1_024 } });
    const payload = Buffer.alloc(300);
    for (const id of ["a", "b", "c", "d", "e"]) await stream.append([messageWith({ id, payload })]);
    expect(await idsIn(stream)).toEqual(["c", "d", "e"]);
    await stream.append([messageWith({ id: "large", payload: Buffer.alloc(5_000) })]);
    await eventually(async () => (await idsIn(stream)).length === 1);
    expect(await idsIn(stream)).toEqual(["large"]);
  });

  test("leaves no name behind when the data is deleted", async () => {
    const name = randomUUID();
    const backend = await opened();
    const stream = await backend.stream({ name, options: { partitions: 3 } });
    await stream.append(records("a", "b", "c", "d"));
    const { member } = await join(stream);
    await member.leave();
    expect((await admin.keys(`prism:stream:{${name}}:*`)).length).toBeGreaterThan(3);
    expect(await backend.backend.stream?.deleteData(name)).toHaveLength(1);
    expect(await admin.keys(`prism:stream:{${name}}:*`)).toEqual([]);
  });
});

describe("a Redis that is killed and comes back", () => {
  const durable = ["--appendonly", "yes", "--appendfsync", "always"];
  const startRedis = () => LocalServer.start(redis, { environment: process.env, arguments: () => durable });

  test("has every record; a member is told that it has nothing, and gets again what it had not committed", async () => {
    await using server = await startRedis();
    const stream = await (await opened(server.url)).stream();
    await stream.append(records("a", "b", "c"));
    const member = await join(stream);
    await eventually(() => member.ids.length === 3);
    expect(await member.member.commit([{ partition: 0, offset: 0n }], call)).toEqual([{ partition: 0, offset: 0n }]);
    const leaving = new AbortController();
    const reading = failureOf(
      stream.read({ start: { kind: "latest" }, follow: true }, new RecordTaker(), callWith(leaving.signal)),
    );
    await server.kill();
    expect((await reading).reason).toBe("BACKEND_UNAVAILABLE");
    expect((await failureOf(stream.append(records("lost")))).reason).toBe("BACKEND_UNAVAILABLE");
    await eventually(() => member.assignments.at(-1)?.length === 0);
    await server.start();
    await eventually(() => member.ids.length === 5);
    expect(member.ids).toEqual(["a", "b", "c", "b", "c"]);
    expect(member.assignments).toEqual([[0], [], [0]]);
    await stream.append(records("d"));
    await eventually(() => member.ids.at(-1) === "d");
    expect(await idsIn(stream)).toEqual(["a", "b", "c", "d"]);
  });

  test("does not count members that left, or could not join, while it was away", async () => {
    await using server = await startRedis();
    const stream = await (await opened(server.url)).stream({ options: { partitions: 3 } });
    const [stays, leaves] = [await join(stream), await join(stream)];
    await eventually(() => stays.assignments.at(-1)!.length + leaves.assignments.at(-1)!.length === 3);
    await server.kill();
    await leaves.member.leave();
    expect((await failureOf(join(stream))).reason).toBe("BACKEND_UNAVAILABLE");
    await server.start();
    await eventually(() => stays.assignments.at(-1)!.length === 3);
    await stays.member.leave();
  });

  test("refuses to append to a log that was bound in its absence with another number of partitions", async () => {
    await using server = await startRedis();
    const before = await (await opened(server.url)).stream({ name: "n", options: { partitions: 2 } });
    await server.kill();
    const stream = await (await opened(server.url)).stream({ name: "n", options: { partitions: 3 } });
    await server.start();
    await eventually(() => before.append(records("a")).then(Boolean, () => false));
    await eventually(async () => (await failureOf(stream.append(records("b")))).reason !== "BACKEND_UNAVAILABLE");
    expect(await failureOf(stream.append(records("b")))).toMatchObject({
      reason: "INVALID_SETTINGS",
      fieldViolations: [{ field: "options.partitions" }],
    });
    expect(await idsIn(before)).toEqual(["a"]);
  });
});
