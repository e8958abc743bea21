import { randomUUID } from "node:crypto";
import type { StreamOptions } from "@prism-data/pattern-sdk";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Connection } from "./connection.js";
import { streams } from "./stream-binder.js";
import { TakenRecords } from "./testing/outlets.js";
import {
  callWith,
  eventually,
  failureOf,
  messageWith,
  openConnection,
  runAsAdmin,
  temporarySchema,
} from "./testing/own-connection.js";

const call = callWith();

async function logOn(connection: Connection, name: string, options: Partial<StreamOptions> = {}) {
  const binding = {
    namespace: name,
    capabilities: new Set<string>(),
    options: { partitions: 4, compaction: false, ...options },
  };
  const { pattern, close } = await streams(connection).binder.bind(binding);
  onTestFinished(async () => close?.());
  return pattern;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe("a reader that follows", () => {
  test("skips nothing that other processes append at the same time, and sees each partition in order", async () => {
    const schema = temporarySchema();
    const connections = await Promise.all([1, 2, 3].map(() => openConnection({ schema })));
    const name = randomUUID();
    const [reading, ...writing] = await Promise.all(connections.map((connection) => logOn(connection, name)));
    const outlet = new TakenRecords();
    const ending = new AbortController();
    const read = reading!.read({ start: { kind: "earliest" }, follow: true }, outlet, callWith(ending.signal));
    const ids = range(0, 600).map(String);
    await Promise.all(
      ids.map((id, index) => writing[index % 2]!.append([messageWith(id, { key: `key ${index % 50}` })], call)),
    );
    await eventually(() => outlet.items.length >= ids.length);
    outlet.end();
    ending.abort();
    await Promise.allSettled([read]);
    expect([...outlet.ids].sort()).toEqual([...ids].sort());
    for (const partition of range(0, 4)) {
      const offsets = outlet.items
        .filter((record) => record.partition === partition)
        .map(({ offset }) => Number(offset));
      expect(offsets).toEqual(range(0, offsets.length));
    }
  });

  test("does not pass an offset whose transaction commits late", async () => {
    const schema = temporarySchema();
    const [first, second] = await Promise.all([openConnection({ schema }), openConnection({ schema })]);
    const name = randomUUID();
    const log = await logOn(first, name, { partitions: 1 });
    const other = await logOn(second, name, { partitions: 1 });
    await runAsAdmin(`
      CREATE FUNCTION ${schema}.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END $$;
      CREATE TRIGGER dawdle AFTER INSERT ON ${schema}.stream_record
        FOR EACH ROW WHEN (NEW.message_id = 'slow') EXECUTE FUNCTION ${schema}.dawdle()`);
    const outlet = new TakenRecords();
    const ending = new AbortController();
    const read = log.read({ start: { kind: "earliest" }, follow: true }, outlet, callWith(ending.signal));
    const slow = other.append([messageWith("slow")], call);
    await eventually(
      async () => (await runAsAdmin(`SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'`)).length > 0,
    );
    await Promise.all([slow, log.append([messageWith("quick")], call)]);
    await eventually(() => outlet.items.length === 2);
    outlet.end();
    ending.abort();
    await Promise.allSettled([read]);
    expect(outlet.ids).toEqual(["slow", "quick"]);
  });
});

describe("a group with members in two processes", () => {
  async function two() {
    const schema = temporarySchema();
    const connections = await Promise.all([openConnection({ schema }), openConnection({ schema })]);
    const name = randomUUID();
    const logs = await Promise.all(connections.map((connection) => logOn(connection, name)));
    return { connections, logs };
  }

  async function join(log: Awaited<ReturnType<typeof logOn>>) {
    const outlet = new TakenRecords();
    const member = await log.join({ group: "g", start: { kind: "earliest" } }, outlet, call);
    return { outlet, member };
  }

  test("shares the partitions, gives them back, and reads on from the last commit", async () => {
    const { logs } = await two();
    const one = await join(logs[0]!);
    expect(one.outlet.partitions).toEqual([0, 1, 2, 3]);
    const other = await join(logs[1]!);
    await eventually(() => one.outlet.partitions.length === 2 && other.outlet.partitions.length === 2);
    expect([...one.outlet.partitions, ...other.outlet.partitions].sort()).toEqual([0, 1, 2, 3]);
    await logs[0]!.append(
      range(0, 200).map((id) => messageWith(`${id}`, { key: `k${id}` })),
      call,
    );
    await eventually(() => one.outlet.items.length + other.outlet.items.length === 200);
    const last = other.outlet.partitions.map((partition) => ({
      partition,
      offset: other.outlet.items.filter((record) => record.partition === partition).at(-1)!.offset,
    }));
    expect(await other.member.commit(last, call)).toEqual(last);
    await other.member.leave();
    await eventually(() => one.outlet.partitions.length === 4);
    await logs[0]!.append(
      range(200, 260).map((id) => messageWith(`${id}`, { key: `k${id}` })),
      call,
    );
    await eventually(() => range(200, 260).every((id) => one.outlet.ids.includes(`${id}`)));
    const handled = new Set(other.outlet.ids);
    expect(one.outlet.ids.filter((id) => handled.has(id))).toEqual([]);
    expect(new Set(one.outlet.ids).size).toBe(one.outlet.ids.length);
    await one.member.leave();
  });

  test("takes over what a process had that died, and its late commits do not count", async () => {
    const { connections, logs } = await two();
    const one = await join(logs[0]!);
    const lost = await join(logs[1]!);
    await eventually(() => one.outlet.partitions.length === 2 && lost.outlet.partitions.length === 2);
    const had = lost.outlet.partitions[0]!;
    const { pid } = (
      await connections[1]!.session.run<{ pid: number }>({ name: "pid", text: "SELECT pg_backend_pid() AS pid" }, [])
    )[0]!;
    await runAsAdmin(`SELECT pg_terminate_backend(${pid})`);
    // The same process comes back with a new session, and is a member again.
    await eventually(() => lost.outlet.assignments.some((partitions) => partitions.length === 0));
    await eventually(() => one.outlet.partitions.length === 2 && lost.outlet.partitions.length === 2);
    expect([...one.outlet.partitions, ...lost.outlet.partitions].sort()).toEqual([0, 1, 2, 3]);
    const foreign = range(0, 4).filter((partition) => !lost.outlet.partitions.includes(partition));
    expect(await lost.member.commit([{ partition: foreign[0]!, offset: 0n }], call)).toEqual([]);
    expect(typeof had).toBe("number");
    await Promise.all([one.member.leave(), lost.member.leave()]);
  });
});

test("a log keeps its number of partitions", async () => {
  const connection = await openConnection({ schema: temporarySchema() });
  const name = randomUUID();
  await logOn(connection, name, { partitions: 2 });
  expect((await failureOf(logOn(connection, name, { partitions: 3 }))).reason).toBe("INVALID_SETTINGS");
});

test("records beyond the retention are gone from the table, also when nobody reads", async () => {
  const schema = temporarySchema();
  const connection = await openConnection({ schema });
  const { binder, chores } = streams(connection);
  const options = { partitions: 1, compaction: false, retentionMs: 200 };
  const { pattern } = await binder.bind({ namespace: "n", capabilities: new Set(), options });
  await pattern.append([messageWith("a"), messageWith("b")], call);
  await eventually(async () => {
    for (const chore of chores) await chore.run();
    return (await runAsAdmin(`SELECT FROM ${schema}.stream_record`)).length === 0;
  });
  const [partition] = (await pattern.describe(undefined)).partitions;
  expect([partition!.earliestOffset, partition!.nextOffset]).toEqual([2n, 2n]);
});
