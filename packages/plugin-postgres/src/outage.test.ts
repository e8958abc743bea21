import { writeFile } from "node:fs/promises";
import { LocalServer, postgres } from "@prism-data/local-servers";
import type { BatchResult, Change } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import type { PostgresKeyValue } from "./key-value.js";
import { bindAll, type OpenBackend, openBackend, sampleOf } from "./testing/open-backend.js";
import { TakenDeliveries, TakenRecords } from "./testing/outlets.js";
import { callWith, eventually, failureOf, messageWith } from "./testing/own-connection.js";

/** What is asked for after PostgreSQL is back. */
const recoveryMsMax = 2_000;

const call = callWith();
const value = Buffer.from("v");
const selectOne = { sql: "SELECT 1", parameters: [] };

const startPostgres = () => LocalServer.start(postgres, { environment: process.env });

const works = (keyValue: PostgresKeyValue) => succeeds(() => keyValue.set({ key: "probe", value }, call));

async function succeeds(work: () => PromiseLike<unknown> | unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch {
    return false;
  }
}

/** Something of each pattern that must be in PostgreSQL when it succeeds. */
function writesOf({ keyValue, pubSub, queue, relational, stream }: Awaited<ReturnType<typeof bindAll>>) {
  const first = async (results: PromiseLike<readonly BatchResult<unknown>[]>) => {
    const [result] = await results;
    if (!result!.ok) throw result!.error;
  };
  return {
    "key-value": () => keyValue.increment("probe", 1n, call),
    "pub-sub": () => first(pubSub.publish("t", [messageWith("m")], call)),
    queue: () => first(queue.send([{ message: messageWith("m"), delayMs: 0 }], call)),
    relational: () => relational.execute({ sql: "CREATE TABLE IF NOT EXISTS probe (n int)", parameters: [] }, call),
    stream: () => first(stream.append([messageWith("m")], call)),
  };
}

type Writes = Partial<ReturnType<typeof writesOf>>;

/** Each pattern that does not work again within `recoveryMsMax` from now, and how long it took. */
async function lateWrites(writes: Writes): Promise<readonly unknown[]> {
  const recoveries = await Promise.all(
    Object.entries(writes).map(async ([pattern, write]) => ({
      pattern,
      recoveryMs: await msUntil(() => succeeds(write)),
    })),
  );
  return recoveries.filter(({ recoveryMs }) => recoveryMs > recoveryMsMax);
}

const isAway = ({ health }: OpenBackend) => health.at(-1)?.reachable === false;

async function msUntil(condition: () => Promise<boolean>): Promise<number> {
  const startedAtMs = performance.now();
  await eventually(condition);
  return performance.now() - startedAtMs;
}

describe("a PostgreSQL that goes away", () => {
  test("fails calls at once with BACKEND_UNAVAILABLE and retry advice, and works again within 2 s of its return", async () => {
    await using server = await startPostgres();
    await using opened = await openBackend({ url: server.url });
    const { keyValue } = await bindAll(opened);
    await keyValue.set({ key: "k", value }, call);
    for (let round = 0; round < 3; round++) {
      await server.kill();
      await eventually(() => isAway(opened));
      const sentAtMs = performance.now();
      const failure = await failureOf(keyValue.get("k"));
      expect([failure.reason, (failure.retryAfterMs ?? 0) > 0, performance.now() - sentAtMs < 100]).toEqual([
        "BACKEND_UNAVAILABLE",
        true,
        true,
      ]);
      await server.start();
      expect(await msUntil(() => works(keyValue))).toBeLessThan(recoveryMsMax);
      expect((await keyValue.get("k"))?.value).toEqual(value);
      expect(opened.health.at(-1)).toEqual({ reachable: true });
    }
  });

  test("for 5 s is used again by every pattern within 2 s of its return; until then each fails at once", async () => {
    await using server = await startPostgres();
    await using opened = await openBackend({ url: server.url });
    const writes = writesOf(await bindAll(opened));
    for (const write of Object.values(writes)) await write();
    await server.kill();
    await eventually(() => isAway(opened));
    const goneAtMs = performance.now();
    await eventually(async () => {
      for (const [pattern, write] of Object.entries(writes)) {
        const sentAtMs = performance.now();
        const { reason } = await failureOf(write());
        expect([pattern, reason, performance.now() - sentAtMs < 500]).toEqual([pattern, "BACKEND_UNAVAILABLE", true]);
      }
      return performance.now() - goneAtMs > 5_000;
    });
    await server.start();
    expect(await lateWrites(writes)).toEqual([]);
  });

  test("answers every call in flight, applies none of them twice, and keeps what it acknowledged", async () => {
    await using server = await startPostgres();
    await using opened = await openBackend({ url: server.url });
    const { keyValue, queue, stream } = await bindAll(opened);
    const acknowledged = { increments: new Set<string>(), sent: new Set<string>(), appended: new Set<string>() };
    const sent: string[] = [];
    const load = (async () => {
      while (sent.length < 2_000) {
        const ids = Array.from({ length: 20 }, (_, index) => `${sent.length + index}`);
        sent.push(...ids);
        await Promise.all(
          ids.map(async (id) => {
            const [incremented, [queued], [appended]] = await Promise.all([
              keyValue.increment(id, 1n, call).then(
                () => true,
                () => false,
              ),
              queue.send([{ message: messageWith(id), delayMs: 0 }], call),
              stream.append([messageWith(id, { key: id })], call),
            ]);
            if (incremented) acknowledged.increments.add(id);
            if (queued!.ok) acknowledged.sent.add(id);
            if (appended!.ok) acknowledged.appended.add(id);
          }),
        );
      }
    })();
    await eventually(() => sent.length > 300);
    await server.kill();
    await server.start();
    await load;
    await eventually(() => works(keyValue));
    for (const id of sent) {
      const counted = Buffer.from((await keyValue.get(id))?.value ?? "0").toString();
      const expected = acknowledged.increments.has(id) ? "1" : expect.stringMatching(/^[01]$/);
      expect([id, counted]).toEqual([id, expected]);
    }
    const received: string[] = [];
    const request = { messagesMax: 1_000, bytesMax: 2 ** 24, leaseMs: 60_000, waitMs: 0 };
    for (let found = await queue.receive(request, call); found.length > 0; found = await queue.receive(request, call))
      received.push(...found.map(({ message }) => message.id));
    const records = new TakenRecords();
    await stream.read({ start: { kind: "earliest" }, follow: false }, records, call);
    expect([new Set(received).size, new Set(records.ids).size]).toEqual([received.length, records.ids.length]);
    expect([...acknowledged.sent].filter((id) => !received.includes(id))).toEqual([]);
    expect([...acknowledged.appended].filter((id) => !records.ids.includes(id))).toEqual([]);
  });

  test("that is not there at the start is no failure: namespaces bind, and work once it comes", async () => {
    await using server = await startPostgres();
    await server.kill();
    await using opened = await openBackend({ url: server.url });
    const writes = writesOf(await bindAll(opened));
    for (const write of Object.values(writes)) expect((await failureOf(write())).reason).toBe("BACKEND_UNAVAILABLE");
    await server.start();
    // A database is not made in a moment.
    const { relational, ...others } = writes;
    expect(await lateWrites(others)).toEqual([]);
    await eventually(() => succeeds(relational));
  });

  test("does not end what waits: a watch, a follower, members of groups and a receive go on without a gap", async () => {
    await using server = await startPostgres();
    await using opened = await openBackend({ url: server.url });
    const { keyValue, pubSub, queue, stream } = await bindAll(opened);
    const changes: Change[] = [];
    const ending = new AbortController();
    const started = Promise.withResolvers<void>();
    const sink = { started: started.resolve, change: (change: Change) => changes.push(change) };
    const watch = keyValue.watch("k", sink, callWith(ending.signal));
    await started.promise;
    const [records, deliveries, broadcast] = [new TakenRecords(), new TakenDeliveries(), new TakenDeliveries()];
    const member = await stream.join({ group: "g", start: { kind: "earliest" } }, records, callWith(ending.signal));
    const bounds = { outstandingMessagesMax: 100, outstandingBytesMax: 2 ** 20, acknowledgeTimeoutMs: 60_000 };
    const subscriptions = await Promise.all([
      pubSub.subscribe({ topic: "t", group: "g", delivery: "at-least-once", ...bounds }, deliveries),
      pubSub.subscribe({ topic: "t", delivery: "at-most-once", ...bounds }, broadcast),
    ]);
    await server.restart();
    await eventually(() => works(keyValue));
    await keyValue.set({ key: "k", value }, call);
    await stream.append([messageWith("a")], call);
    await pubSub.publish("t", [messageWith("a")], call);
    await eventually(() =>
      [changes, records.items, deliveries.items, broadcast.items].every(({ length }) => length === 1),
    );
    const waiting = queue.receive({ messagesMax: 1, bytesMax: 1_000, leaseMs: 60_000, waitMs: 20_000 }, call);
    await queue.send([{ message: messageWith("m"), delayMs: 0 }], call);
    expect(await waiting).toHaveLength(1);
    ending.abort();
    await watch;
    await Promise.all([member.leave(), ...subscriptions.map((subscription) => subscription.close())]);
  });
});

describe("a PostgreSQL that stops answering with its connections open", () => {
  test("is noticed while no call comes, fails calls, and is used again by every pattern within 2 s", async () => {
    await using server = await startPostgres();
    await using opened = await openBackend({ url: server.url, connect_timeout: "400ms", statement_timeout: "400ms" });
    const writes = writesOf(await bindAll(opened));
    for (const write of Object.values(writes)) await write();
    await server.pause();
    const stalled = Object.values(writes).map(async (write) => (await failureOf(write())).reason);
    expect(new Set(await Promise.all(stalled))).toEqual(new Set(["BACKEND_UNAVAILABLE"]));
    await eventually(() => isAway(opened));
    expect(sampleOf(opened.backend, "stalls_total")).toBeGreaterThan(0);
    const sentAtMs = performance.now();
    for (const write of Object.values(writes)) await failureOf(write());
    expect(performance.now() - sentAtMs).toBeLessThan(500);
    server.resume();
    expect(await lateWrites(writes)).toEqual([]);
  });

  test("ends SQL with the deadline of its call, not later", async () => {
    await using server = await startPostgres();
    await using opened = await openBackend({ url: server.url, connect_timeout: "30s" });
    const { relational } = await bindAll(opened);
    await relational.execute(selectOne, call);
    await server.pause();
    const ending = new AbortController();
    const failure = failureOf(relational.execute(selectOne, callWith(ending.signal)));
    ending.abort();
    expect(await msUntil(async () => (await failure).reason === "CANCELLED")).toBeLessThan(4_000);
    server.resume();
  });
});

describe("a PostgreSQL that may not be written", () => {
  test("is reported while it is a standby", async () => {
    await using server = await startPostgres();
    await using opened = await openBackend({ url: server.url });
    const { keyValue } = await bindAll(opened);
    expect(opened.health).toEqual([{ reachable: true }]);
    await server.stop();
    await writeFile(`${server.folder}/data/standby.signal`, "");
    await server.start();
    await eventually(
      () => opened.health.at(-1)?.reachable === false && JSON.stringify(opened.health.at(-1)).includes("standby"),
    );
    expect((await failureOf(keyValue.set({ key: "k", value }, call))).reason).toBe("BACKEND_UNAVAILABLE");
  });
});
