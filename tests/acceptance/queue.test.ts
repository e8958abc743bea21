import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { memory } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { callJson, reasonOf } from "./json-call.ts";
import { runPrism, startCommand } from "./prism-command.ts";
import { type PrismConfig, PrismProcess } from "./prism-process.ts";
import { QueueClient, textOf } from "./queue-client.ts";
import { repositoryRoot } from "./repository.ts";

const service = "prism.queue.v1.QueueService";
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const withinMs = 20_000;
const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

const queueOn = (options: object = {}, more: object = {}) => ({
  pattern: "queue",
  backend: "memory",
  options,
  ...more,
});

const config: PrismConfig = {
  backends: { memory: memory.config() },
  namespaces: {
    jobs: queueOn(),
    fragile: queueOn({ max_deliveries: 2 }),
    shared: queueOn(),
    held: queueOn(),
    json: queueOn(),
    short: queueOn({ retention_period: "1s" }),
    plain: queueOn({}, { needs: [] }),
    hasty: queueOn({}, { timeout: "1s" }),
    demo: { pattern: "key-value", backend: "memory" },
  },
};

describe("a queue on memory", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test("brings a message byte for byte to one worker, until it is acknowledged", async () => {
    using app = new QueueClient(prism.listen, "jobs");
    const headers = ["a", "b", "a"].map((name, index) => ({ name, value: Buffer.of(index, 0xff) }));
    const message = {
      id: "first",
      key: "ключ",
      headers,
      contentType: "application/x-bytes",
      payload: Buffer.from(everyByte),
    };
    await app.send({ message }, { message: { id: "large", payload: Buffer.alloc(2 * 2 ** 20, everyByte) } });
    const first = await app.receiveOne();
    expect(first).toMatchObject({ message, deliveryCount: 1 });
    const large = await app.receiveOne();
    expect(large.message.payload.equals(Buffer.alloc(2 * 2 ** 20, everyByte))).toBe(true);
    expect(await app.receive()).toEqual([]);
    await app.reject(first.deliveryId);
    const again = await app.receiveOne();
    expect(again).toMatchObject({ message, deliveryCount: 2 });
    expect(await app.acknowledge(again.deliveryId, large.deliveryId, first.deliveryId)).toEqual([0, 0, 9]);
    expect(await app.describe()).toMatchObject(nothing);
  });

  test("gives a message up after its last delivery, keeps why, and sends it again when told to", async () => {
    using app = new QueueClient(prism.listen, "fragile");
    await app.send({
      message: { id: "poison", headers: [{ name: "h", value: Buffer.from("v") }], payload: Buffer.from("p") },
    });
    for (const cause of ["first", "second"]) await app.reject((await app.receiveOne()).deliveryId, { cause });
    expect(await app.receive()).toEqual([]);
    const [letter] = await app.deadLetters();
    expect(letter).toMatchObject({
      message: { id: "poison", headers: [{ name: "h" }] },
      cause: "second",
      deliveryCount: 2,
    });
    expect(await app.redrive({ messageIds: ["poison", "unknown"] })).toBe(1);
    expect(await app.receiveOne()).toMatchObject({ message: { id: "poison" }, deliveryCount: 1 });
  });

  test("shares messages among consumers, each message to one of them", async () => {
    using app = new QueueClient(prism.listen, "shared");
    const workers = [app.consume({ maxOutstandingMessages: 10 }), app.consume({ maxOutstandingMessages: 10 })];
    const texts = Array.from({ length: 300 }, (_, index) => `job ${index}`);
    await app.send(...texts);
    const taken = () => workers.flatMap(({ deliveries }) => deliveries.map(textOf));
    const settled = new Set<string>();
    await eventually("all jobs are done", withinMs, () => {
      for (const worker of workers) {
        const open = worker.deliveries.map(({ deliveryId }) => deliveryId).filter((id) => !settled.has(id));
        if (open.length > 0) worker.acknowledge(...open);
        for (const id of open) settled.add(id);
      }
      return taken().length === texts.length;
    });
    expect(taken().sort()).toEqual([...texts].sort());
    expect(workers.every(({ deliveries }) => deliveries.length > 0)).toBe(true);
    for (const worker of workers) await worker.finish();
    expect(await app.describe()).toMatchObject(nothing);
  });

  test("of 100 messages that a worker had when it was killed, the 50 that it had acknowledged are gone, and the others come at once", async () => {
    using app = new QueueClient(prism.listen, "held");
    const texts = Array.from({ length: 100 }, (_, index) => `job ${index}`);
    await app.send(...texts);
    const program = `${repositoryRoot}/tests/acceptance/clients/node/queue-worker.ts`;
    await using worker = startCommand(process.execPath, [program, prism.listen, "held", "50"]);
    const lines = () => worker.stdout.split("\n").filter(Boolean);
    await eventually("the worker has 100 and has done 50", withinMs, () => lines().length === 150 && lines());
    const received = lines()
      .filter((line) => line.startsWith("received"))
      .map((line) => line.slice("received ".length));
    worker.signal("SIGKILL");
    await worker.ended;
    const next = app.consume();
    await eventually("another worker has the rest", withinMs, () => next.deliveries.length === 50);
    expect(next.deliveries.map(textOf).sort()).toEqual(received.slice(50).sort());
    expect(next.deliveries.every(({ deliveryCount }) => deliveryCount === 2)).toBe(true);
    expect(await app.describe()).toMatchObject({ ...nothing, leased: 50 });
    next.cancel();
  });

  test("really deletes what its retention says", async () => {
    using app = new QueueClient(prism.listen, "short");
    await app.send("a", "b");
    await eventually("they are gone", withinMs, async () => (await app.describe()).ready === 0);
    expect(await app.describe()).toMatchObject(nothing);
  });

  test("answers unary calls in JSON, bytes in base64 and counts as text", async () => {
    const call = (method: string, request: object) =>
      callJson(prism.listen, `${service}/${method}`, { namespace: "json", ...request });
    const message = { id: "m", payload: "aGVsbG8=", headers: [{ name: "h", value: "/w==" }] };
    expect(await call("Send", { entries: [{ message, deduplicationId: "d" }] })).toEqual({
      status: 200,
      body: { outcomes: [{ sent: { id: "m", duplicate: false } }] },
    });
    const again = await call("Send", { entries: [{ message: { payload: "" }, deduplicationId: "d" }] });
    expect(again.body).toEqual({ outcomes: [{ sent: { id: "m", duplicate: true } }] });
    expect((await call("Describe", {})).body).toMatchObject({ ready: "1" });
    const { body } = await call("Receive", { lease: "60s", wait: "1s" });
    const [delivery] = body.deliveries as { deliveryId: string; message: object; deliveryCount: number }[];
    expect(delivery).toMatchObject({ message, deliveryCount: 1 });
    const settled = await call("Acknowledge", { deliveryIds: [delivery?.deliveryId, "1.none"] });
    expect(settled.body).toMatchObject({ statuses: [{}, { code: 9 }] });
    const wrong = await call("Receive", { maxMessages: 101 });
    expect([wrong.status, reasonOf(wrong)]).toEqual([400, "INVALID_FIELD"]);
  });

  test("a receive that waits longer than its namespace's timeout is answered in time, with nothing", async () => {
    using app = new QueueClient(prism.listen, "hasty");
    expect(await app.receive({ wait: { seconds: 20 } }, Number.POSITIVE_INFINITY)).toEqual([]);
  });

  describe("refuses by the name of the field", () => {
    const entry = (message: object) => ({ entries: [{ message }] });
    test.each([
      ["a send without a message", "Send", { entries: [] }, "entries"],
      [
        "a header of Prism's own",
        "Send",
        entry({ headers: [{ name: "prism-x" }] }),
        "entries[0].message.headers[0].name",
      ],
      ["an id that is too long", "Send", entry({ id: "i".repeat(129) }), "entries[0].message.id"],
      ["a delay of 15 days", "Send", { entries: [{ message: {}, delay: { seconds: 1_296_000 } }] }, "entries[0].delay"],
      ["a lease of half a second", "Receive", { lease: { nanos: 500_000_000 } }, "lease"],
      ["a wait of 21 s", "Receive", { wait: { seconds: 21 } }, "wait"],
      ["no ids", "Acknowledge", { deliveryIds: [] }, "delivery_ids"],
      ["a page that is too large", "ListDeadLetters", { pageSize: 1_001 }, "page_size"],
    ])("%s", async (_, method, request, field) => {
      using app = new QueueClient(prism.listen, "jobs");
      expect(await failureFrom(app.call(method, request))).toMatchObject({ code: "INVALID_ARGUMENT", fields: [field] });
    });

    const start = { namespace: "jobs", start: {} };
    test.each([
      [
        "a stream that begins with an acknowledgement",
        [{ namespace: "jobs", acknowledge: { deliveryIds: ["1.x"] } }],
        "start",
      ],
      ["a second start", [start, start], "start"],
      ["another namespace", [start, { namespace: "x", acknowledge: { deliveryIds: ["1.x"] } }], "namespace"],
      ["an empty acknowledgement", [start, { acknowledge: { deliveryIds: [] } }], "acknowledge.delivery_ids"],
      [
        "too many messages at a time",
        [{ namespace: "jobs", start: { maxOutstandingMessages: 10_001 } }],
        "start.max_outstanding_messages",
      ],
    ])("%s", async (_, requests, field) => {
      using app = new QueueClient(prism.listen, "jobs");
      const consumer = app.open();
      for (const request of requests) consumer.say(request);
      expect(await failureFrom(consumer.ended)).toMatchObject({ code: "INVALID_ARGUMENT", fields: [field] });
    });
  });

  test("refuses what the namespace does not list under needs", async () => {
    using app = new QueueClient(prism.listen, "plain");
    for (const call of [
      app.send({ message: {}, delay: { seconds: 1 } }),
      app.send({ message: {}, deduplicationId: "d" }),
      app.deadLetters(),
      app.redrive(),
    ]) {
      expect(await failureFrom(call)).toMatchObject({ code: "UNIMPLEMENTED", reason: "CAPABILITY_MISSING" });
    }
  });

  test.each([
    ["that is not there", "jbos", { code: "NOT_FOUND", reason: "NAMESPACE_NOT_FOUND" }],
    ["of another pattern", "demo", { code: "UNIMPLEMENTED", reason: "PATTERN_MISMATCH" }],
  ])("a namespace %s is refused on every kind of call", async (_, namespace, failure) => {
    using app = new QueueClient(prism.listen, namespace);
    expect(await failureFrom(app.send("v"))).toMatchObject(failure);
    expect(await failureFrom(app.consume().ended)).toMatchObject(failure);
  });
});

describe("what is open when the plugin is killed", () => {
  test("ends as PLUGIN_CRASHED with a time to come back, and the namespace serves again", async () => {
    await using prism = await PrismProcess.start({ config });
    using app = new QueueClient(prism.listen, "jobs");
    await app.send("before");
    const consumer = app.consume();
    await eventually("the consumer has a message", withinMs, () => consumer.deliveries.length === 1);
    const waiting = app.receive({ wait: { seconds: 20 } });
    const pid = await pluginPid(prism.admin, "memory");
    process.kill(pid, "SIGKILL");
    for (const ended of [consumer.ended, waiting]) {
      const failure = await failureFrom(ended);
      expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED", domain: "prism.dev" });
      expect(failure.retryDelayMs).toBeGreaterThan(0);
    }
    await pluginPid(prism.admin, "memory", pid);
    await app.send("after");
    const next = app.consume();
    await eventually("the next consumer is served", withinMs, () => next.deliveries.length === 1);
    expect(next.deliveries.map(textOf)).toEqual(["after"]);
    next.acknowledge(next.deliveries[0]!.deliveryId);
    await next.finish();
    expect(next.acknowledged).toEqual([0]);
  });
});

/** Says to a running Prism that a plugin is to end, and waits for nothing. */
const endings: readonly (readonly [string, (prism: PrismProcess) => void])[] = [
  ["Prism stops", (prism) => prism.signal("SIGTERM")],
  ["its plugin is replaced", (prism) => void runPrism(["plugin", "restart", "memory", "--admin", prism.admin])],
];

describe.each(endings)("when %s", (_, end) => {
  test("a worker may settle what it holds, then its call ends as DRAINING, and so does one that holds nothing", async () => {
    await using prism = await PrismProcess.start({ config });
    using app = new QueueClient(prism.listen, "jobs");
    const workers = [app.consume({ maxOutstandingMessages: 1 }), app.consume()];
    await app.send("a");
    await eventually("a worker has it", withinMs, () => workers.some(({ deliveries }) => deliveries.length === 1));
    const [holding, idle] = workers[0]!.deliveries.length === 1 ? workers : workers.toReversed();
    end(prism);
    expect(await failureFrom(idle!.ended)).toMatchObject({ code: "UNAVAILABLE", reason: "DRAINING" });
    holding!.acknowledge(holding!.deliveries[0]!.deliveryId);
    expect(await failureFrom(holding!.ended)).toMatchObject({ code: "UNAVAILABLE", reason: "DRAINING" });
    expect(holding!.acknowledged).toEqual([0]);
  });
});

describe("when Prism stops", () => {
  test("a worker that settles nothing holds it up for its grace only", async () => {
    await using prism = await PrismProcess.start({ config: { ...config, shutdown_grace: "1s" } });
    using app = new QueueClient(prism.listen, "jobs");
    const worker = app.consume();
    await app.send("a");
    await eventually("the worker has it", withinMs, () => worker.deliveries.length === 1);
    const end = prism.stop("SIGTERM");
    const failure = await failureFrom(worker.ended);
    expect(failure.code).toBe("UNAVAILABLE");
    expect(failure.retryDelayMs).toBeGreaterThan(0);
    expect(await end).toMatchObject({ code: 0 });
  });
});

test("a namespace that is bound with other options keeps its messages and its workers' leases", async () => {
  await using prism = await PrismProcess.start({ config });
  using app = new QueueClient(prism.listen, "fragile");
  await app.send("a", "b");
  const { deliveryId } = await app.receiveOne({ lease: { seconds: 60 } });
  await prism.writeConfig({ ...config, namespaces: { ...config.namespaces, fragile: queueOn({ max_deliveries: 1 }) } });
  await eventually("the new options count", withinMs, async () => {
    const [delivery] = await app.receive({ lease: { seconds: 60 } });
    if (delivery !== undefined) await app.reject(delivery.deliveryId, { cause: "no" });
    return (await app.describe()).dead === 1;
  });
  expect(await app.acknowledge(deliveryId)).toEqual([0]);
});

test("prism check names each option that is wrong, and serves nothing", async () => {
  await using prism = await PrismProcess.start({ config });
  const file = join(prism.folder, "wrong.yaml");
  const options = { max_deliveries: 0, lease: "soon", visibility: "30s" };
  writeFileSync(file, JSON.stringify({ ...config, namespaces: { jobs: queueOn(options) } }));
  const { code, stderr } = await runPrism(["check", "-c", file]);
  expect(code).toBe(2);
  for (const option of ["max_deliveries", "lease", "visibility"]) {
    expect(stderr).toContain(`namespaces.jobs.options.${option}`);
  }
});

test("a consumer lives longer than its namespace's timeout", async () => {
  await using prism = await PrismProcess.start({ config });
  using app = new QueueClient(prism.listen, "hasty");
  const consumer = app.consume({}, Number.POSITIVE_INFINITY);
  expect(await app.receive({ wait: { seconds: 20 } }, Number.POSITIVE_INFINITY)).toEqual([]);
  expect(await app.receive({ wait: { seconds: 20 } }, Number.POSITIVE_INFINITY)).toEqual([]);
  await app.send("late");
  await eventually("the message arrives", withinMs, () => consumer.deliveries.length === 1);
  consumer.cancel();
});
