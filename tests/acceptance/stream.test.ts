import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { kafka, memory, namespaceOn, nats, postgres, redis, sqlite, type TestedBackend } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { callJson, reasonOf } from "./json-call.ts";
import { runPrism } from "./prism-command.ts";
import { type PrismConfig, PrismProcess } from "./prism-process.ts";
import { Member, StreamClient, textOf } from "./stream-client.ts";

const service = "prism.stream.v1.StreamService";
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const withinMs = 20_000;

/** Those that offer streams. */
const backends: readonly TestedBackend[] = [memory, sqlite, redis, postgres, nats, kafka];

/** The name of a namespace that nobody else uses. */
const nameOn = (backend: TestedBackend, name: string) => `${name}-${namespaceOn(backend)}`;

function configOn(backend: TestedBackend): PrismConfig {
  const log = { pattern: "stream", backend: backend.name };
  return {
    backends: { [backend.name]: backend.config() },
    namespaces: {
      [nameOn(backend, "log")]: log,
      [nameOn(backend, "orders")]: { ...log, options: { partitions: 4 } },
      [nameOn(backend, "short")]: { ...log, options: { retention_period: "1s" } },
      [nameOn(backend, "events")]: log,
      [nameOn(backend, "killed")]: log,
    },
  };
}

/** For what no backend makes a difference to. */
const config: PrismConfig = {
  backends: { memory: memory.config() },
  namespaces: {
    log: { pattern: "stream", backend: "memory" },
    orders: { pattern: "stream", backend: "memory", options: { partitions: 4 } },
    demo: { pattern: "key-value", backend: "memory" },
  },
};

describe.each(backends)("a stream on $name", (backend) => {
  const on = (name: string) => nameOn(backend, name);
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config: configOn(backend) });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test("brings records back byte for byte, in order, to everybody who reads", async () => {
    using app = new StreamClient(prism.listen, on("log"));
    const headers = ["a", "b", "a"].map((name, index) => ({ name, value: Buffer.of(index, 0xff) }));
    await app.append({ id: "first", key: "ключ", headers, contentType: "application/x-bytes", payload: everyByte });
    const large = Buffer.alloc(Math.min(2 * 2 ** 20, backend.payloadBytesMax ?? Number.POSITIVE_INFINITY), everyByte);
    await app.append("second", { payload: large });
    for (const _ of ["one", "another"]) {
      const reading = app.read();
      await reading.ended;
      const [first, second, third] = reading.records;
      expect(first?.message).toMatchObject({ id: "first", key: "ключ", headers, contentType: "application/x-bytes" });
      expect(first?.message.payload.equals(everyByte)).toBe(true);
      expect(textOf(second!)).toBe("second");
      expect(third?.message.payload.equals(large)).toBe(true);
      expect(reading.hasCaughtUp).toBe(true);
    }
  });

  test("shares its partitions among a group, which remembers how far it has come", async () => {
    using app = new StreamClient(prism.listen, on("orders"));
    const keys = Array.from({ length: 40 }, (_, index) => `order ${index}`);
    await app.append(...keys.map((key) => ({ key, payload: key })));
    const first = app.consume("billing");
    await eventually("the first member has everything", withinMs, () => first.records.length === keys.length);
    expect(first.partitions).toEqual([0, 1, 2, 3]);
    const second = app.consume("billing");
    await eventually("both have two partitions", withinMs, () => second.partitions?.length === 2);
    await eventually("the first knows", withinMs, () => first.partitions?.length === 2);
    const own = first.records.filter(({ partition }) => first.partitions?.includes(partition));
    for (const record of own) first.commit(record);
    await first.leave();
    expect(first.committed).not.toEqual([]);
    await eventually("the second has all partitions", withinMs, () => second.partitions?.length === 4);
    const committed = new Set(own.map(textOf));
    const rest = keys.filter((key) => !committed.has(key)).sort();
    await eventually("the second has the rest", withinMs, () => second.records.length >= rest.length);
    expect(second.records.map(textOf).sort()).toEqual(rest);
    const lag = (await app.describe("billing")).reduce((sum, partition) => sum + (partition.lag ?? 0), 0);
    expect(lag).toBe(rest.length);
    await second.leave();
  });

  test("delivers again what an app that was killed had not committed", async () => {
    using app = new StreamClient(prism.listen, on("log"));
    const [position] = await app.append("uncommitted");
    const reading = { offset: position!.offset };
    expect(await app.texts(reading)).toEqual(["uncommitted"]);
    const killed = app.consume("resilient");
    await eventually("the record arrives", withinMs, () => killed.records.map(textOf).includes("uncommitted"));
    killed.cancel();
    const next = app.consume("resilient");
    await eventually("the record arrives again", withinMs, () => next.records.map(textOf).includes("uncommitted"));
    await next.leave();
  });

  test("really deletes what its retention says", async () => {
    using app = new StreamClient(prism.listen, on("short"));
    const [first] = await app.append("a", "b");
    await eventually("it is gone", withinMs, async () => {
      const [partition] = await app.describe();
      return partition?.earliestOffset === partition?.nextOffset;
    });
    expect(await app.texts()).toEqual([]);
    const failure = await failureFrom(app.read({ offset: first!.offset }).ended);
    expect(failure).toMatchObject({ code: "OUT_OF_RANGE", reason: "OFFSET_OUT_OF_RANGE" });
    expect(Number(failure.metadata.earliest_offset)).toBeGreaterThan(first!.offset);
  });

  test("answers unary calls in JSON, bytes in base64 and offsets as text", async () => {
    const append = { namespace: on("events"), records: [{ key: "k", payload: "aGVsbG8=" }] };
    const { status, body } = await callJson(prism.listen, `${service}/Append`, append);
    expect({ status, body }).toEqual({
      status: 200,
      body: { outcomes: [{ position: { partition: 0, offset: "0" } }] },
    });
    const described = await callJson(prism.listen, `${service}/Describe`, { namespace: on("events"), group: "g" });
    expect(described.body).toMatchObject({ partitions: [{ nextOffset: "1", lag: "1" }] });
    const wrong = await callJson(prism.listen, `${service}/Append`, { namespace: on("events"), records: [] });
    expect([wrong.status, reasonOf(wrong)]).toEqual([400, "INVALID_FIELD"]);
  });

  test("takes many requests on one stream, and answers each in its order", async () => {
    using app = new StreamClient(prism.listen, on("events"));
    const before = (await app.texts()).length;
    const call = app.open<object, { outcomes: { position: { offset: number } }[] }>("AppendStream");
    const offsets: number[] = [];
    call.on("data", ({ outcomes }) =>
      offsets.push(...outcomes.map((outcome: { position: { offset: number } }) => outcome.position.offset)),
    );
    const ended = new Promise((resolve, reject) => call.once("end", resolve).once("error", reject));
    for (let request = 0; request < 200; request++) {
      const records = [0, 1, 2].map((index) => ({ payload: Buffer.from(`${request}.${index}`) }));
      call.write({ namespace: request === 0 ? on("events") : "", records });
    }
    call.end();
    await ended;
    expect(offsets).toHaveLength(600);
    expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
    expect((await app.texts()).slice(before, before + 4)).toEqual(["0.0", "0.1", "0.2", "1.0"]);
  });
});

describe("a stream", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  describe("refuses by the name of the field", () => {
    test.each([
      ["a call without a record", "Append", { records: [] }, "records"],
      [
        "a header of Prism's own",
        "Append",
        { records: [{ headers: [{ name: "prism-x" }] }] },
        "records[0].headers[0].name",
      ],
      ["a group whose name is too long", "Describe", { group: "g".repeat(129) }, "group"],
    ])("%s", async (_, method, request, field) => {
      using app = new StreamClient(prism.listen, "log");
      expect(await failureFrom(app.call(method, request))).toMatchObject({ code: "INVALID_ARGUMENT", fields: [field] });
    });

    test.each([
      ["a partition that is not there", { partition: 7 }, "partition"],
      ["earliest that is not true", { earliest: false }, "earliest"],
      ["an offset without a partition", { offset: 0 }, "partition"],
    ])("%s", async (_, request, field) => {
      using app = new StreamClient(prism.listen, "orders");
      const failure = await failureFrom(app.read(request).ended);
      expect(failure).toMatchObject({ code: "INVALID_ARGUMENT", fields: [field] });
    });

    test.each([
      ["a stream that begins with a commit", [{ namespace: "log", commit: { positions: [{}] } }], "join"],
      ["a second join", [{ namespace: "log", join: { group: "g" } }, { join: { group: "g" } }], "join"],
      [
        "another namespace",
        [
          { namespace: "log", join: { group: "g" } },
          { namespace: "x", commit: {} },
        ],
        "namespace",
      ],
      [
        "an empty commit",
        [{ namespace: "log", join: { group: "g" } }, { commit: { positions: [] } }],
        "commit.positions",
      ],
    ])("%s", async (_, requests, field) => {
      using app = new StreamClient(prism.listen, "log");
      const member = new Member(app.open("Consume"));
      for (const request of requests) member.send(request);
      expect(await failureFrom(member.ended)).toMatchObject({ code: "INVALID_ARGUMENT", fields: [field] });
    });
  });

  test.each([
    ["that is not there", "lgo", { code: "NOT_FOUND", reason: "NAMESPACE_NOT_FOUND" }],
    ["of another pattern", "demo", { code: "UNIMPLEMENTED", reason: "PATTERN_MISMATCH" }],
  ])("a namespace %s is refused on every kind of call", async (_, namespace, failure) => {
    using app = new StreamClient(prism.listen, namespace);
    expect(await failureFrom(app.append("v"))).toMatchObject(failure);
    expect(await failureFrom(app.read().ended)).toMatchObject(failure);
    expect(await failureFrom(app.consume("g").ended)).toMatchObject(failure);
  });
});

describe("streams that are open when their plugin is killed", () => {
  test.each(backends)("end as PLUGIN_CRASHED with a time to come back, and $name serves again", async (backend) => {
    const namespace = nameOn(backend, "killed");
    await using prism = await PrismProcess.start({ config: configOn(backend) });
    using app = new StreamClient(prism.listen, namespace);
    await app.append("before");
    const reading = app.read({ follow: true });
    const member = app.consume("g");
    const appending = app.open<object, unknown>("AppendStream");
    const answered = new Promise((resolve) => appending.once("data", resolve));
    const appendEnded = new Promise((_, reject) => appending.once("error", reject));
    appending.write({ namespace, records: [{ payload: Buffer.from("on the stream") }] });
    await answered;
    await eventually("all are in the middle", withinMs, () => reading.hasCaughtUp && member.records.length > 0);
    const pid = await pluginPid(prism.admin, backend.name);
    process.kill(pid, "SIGKILL");
    for (const ended of [reading.ended, member.ended, appendEnded]) {
      const failure = await failureFrom(ended);
      expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED", domain: "prism.dev" });
      expect(failure.retryDelayMs).toBeGreaterThan(0);
    }
    await pluginPid(prism.admin, backend.name, pid);
    await app.append("after");
    const left = backend.durable ? ["before", "on the stream", "after"] : ["after"];
    expect(await app.texts()).toEqual(left);
    const next = app.consume("g");
    await eventually("the group goes on", withinMs, () => next.records.length === left.length);
    await next.leave();
  });
});

test("streams that are open when Prism stops end as UNAVAILABLE, and what was committed was told", async () => {
  await using prism = await PrismProcess.start({ config });
  using app = new StreamClient(prism.listen, "log");
  await app.append("a", "b");
  const reading = app.read({ follow: true });
  const member = app.consume("g");
  await eventually("both have the records", withinMs, () => reading.records.length + member.records.length === 4);
  member.commit(member.records[0]!);
  await eventually("the commit is told", withinMs, () => member.committed.length === 1);
  prism.signal("SIGTERM");
  for (const ended of [reading.ended, member.ended]) {
    expect(await failureFrom(ended)).toMatchObject({ code: "UNAVAILABLE", reason: "DRAINING" });
  }
  expect(await prism.ended).toMatchObject({ code: 0 });
});

test("another number of partitions is refused when the configuration is reloaded, and the log is not touched", async () => {
  await using prism = await PrismProcess.start({ config });
  using app = new StreamClient(prism.listen, "orders");
  await app.append("before");
  const changed = { orders: { pattern: "stream", backend: "memory", options: { partitions: 5 } } };
  await prism.writeConfig({ ...config, namespaces: { ...config.namespaces, ...changed } });
  await eventually("the namespace says why it does not serve", withinMs, async () => {
    const text = await (await fetch(`http://${prism.admin}/readyz?verbose`)).text();
    return /orders.*options\.partitions is 5, but the log was made with 4/.test(text);
  });
  await prism.writeConfig(config);
  await eventually("it serves again", withinMs, async () => {
    const texts = await app.texts().catch((): string[] => []);
    return texts.includes("before");
  });
});

test("prism check names each option that is wrong, and serves nothing", async () => {
  await using prism = await PrismProcess.start({ config });
  const file = join(prism.folder, "wrong.yaml");
  const options = { partitions: 0, retention_period: "soon", compression: true };
  const namespaces = { log: { pattern: "stream", backend: "memory", options } };
  writeFileSync(file, JSON.stringify({ ...config, namespaces }));
  const { code, stderr } = await runPrism(["check", "-c", file]);
  expect(code).toBe(2);
  for (const option of ["partitions", "retention_period", "compression"]) {
    expect(stderr).toContain(`namespaces.log.options.${option}`);
  }
});
