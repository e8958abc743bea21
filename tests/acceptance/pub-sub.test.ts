import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { kafka, memory, namespaceOn, nats, type TestedBackend } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { callJson, reasonOf } from "./json-call.ts";
import { runPrism } from "./prism-command.ts";
import { type PrismConfig, PrismProcess } from "./prism-process.ts";
import { messageOf, PubSubClient, Subscription } from "./pub-sub-client.ts";

const service = "prism.pubsub.v1.PubSubService";
const everyByte = Uint8Array.from({ length: 256 }, (_, byte) => byte);
const withinMs = 20_000;

/** Those that offer pub-sub with everything that is shown here. */
const backends: readonly TestedBackend[] = [memory, nats, kafka];

/** The name of a namespace that nobody else uses. */
const nameOn = (backend: TestedBackend, name: string) => `${name}-${namespaceOn(backend)}`;

function configOn(backend: TestedBackend): PrismConfig {
  const events = { pattern: "pub-sub", backend: backend.name };
  return {
    backends: { [backend.name]: backend.config() },
    namespaces: {
      [nameOn(backend, "events")]: events,
      [nameOn(backend, "careful")]: { ...events, options: { max_deliveries: 2 } },
    },
  };
}

/** For what no backend makes a difference to. */
const config: PrismConfig = {
  backends: { memory: memory.config() },
  namespaces: {
    events: { pattern: "pub-sub", backend: "memory", timeout: "1s" },
    careful: { pattern: "pub-sub", backend: "memory", options: { max_deliveries: 2 } },
    demo: { pattern: "key-value", backend: "memory" },
  },
};

const numbered = (count: number, first = 0) => Array.from({ length: count }, (_, index) => String(first + index));

describe.each(backends)("pub-sub on $name", (backend) => {
  const on = (name: string) => nameOn(backend, name);
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config: configOn(backend) });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test("brings messages byte for byte, in order, to everybody who subscribes", async () => {
    using app = new PubSubClient(prism.listen, on("events"));
    using other = new PubSubClient(prism.listen, on("events"));
    const subscriptions = await Promise.all([app.subscribe("a.b"), other.subscribe("a.*"), other.subscribe(">")]);
    const headers = ["a", "b", "a"].map((name, index) => ({ name, value: Buffer.of(index, 0xff) }));
    const sent = { id: "first", key: "ключ", headers, contentType: "application/x-bytes", payload: everyByte };
    const large = Buffer.alloc(Math.min(2 * 2 ** 20, backend.payloadBytesMax ?? Number.POSITIVE_INFINITY), everyByte);
    const [id, made] = await app.publish("a.b", sent, "");
    await app.publish("a.b", { payload: large });
    expect(id).toBe("first");
    expect(made).not.toBe("");
    for (const subscription of subscriptions) {
      const [first, second, third] = await subscription.count(3);
      expect(first?.message).toMatchObject({ ...sent, payload: Buffer.from(everyByte) });
      expect(second?.message.payload).toHaveLength(0);
      expect(third?.message.payload.equals(large)).toBe(true);
      expect(first).toMatchObject({ topic: "a.b", deliveryId: "", deliveryCount: 1 });
      expect(Math.abs(first!.publishTime.seconds * 1_000 - Date.now())).toBeLessThan(60_000);
      expect(subscription.started).toMatchObject({
        delivery: "DELIVERY_PROMISE_AT_MOST_ONCE",
        ordering: "ORDERING_PROMISE_TOTAL",
      });
    }
  });

  test("a group shares messages, keeps them while nobody is there, and a crash of one of 100 costs nothing", async () => {
    using app = new PubSubClient(prism.listen, on("careful"));
    const handled = new Set<string>();
    const handle = (member: Subscription, most: number) => {
      const fresh = member.deliveries.filter(({ message }) => !handled.has(message.id)).slice(0, most);
      for (const { message } of fresh) handled.add(message.id);
      if (fresh.length > 0) member.acknowledge(...fresh);
    };
    const first = await app.hold("work", { group: "g" });
    await first.leave();
    await app.publish("work", ...numbered(100).map((id) => ({ id })));
    const doomed = await app.hold("work", { group: "g" });
    await doomed.count(100);
    handle(doomed, 50);
    doomed.cancel();
    const next = await app.hold("work", { group: "g" });
    await eventually("every message is handled", withinMs, () => {
      handle(next, 100);
      return handled.size === 100;
    });
    await next.leave();
  });

  test("what is rejected too often goes to the dead letter topic", async () => {
    using app = new PubSubClient(prism.listen, on("careful"));
    const dead = await app.hold("dead_letter.g");
    const member = await app.hold("t", { group: "g" });
    await app.publish("t", { id: "poison", payload: everyByte });
    member.reject((await member.count(1))[0]!);
    member.reject((await member.count(2))[1]!);
    const [letter] = await dead.count(1);
    expect(letter!.message).toMatchObject({ id: "poison", payload: Buffer.from(everyByte) });
    const headers = Object.fromEntries(letter!.message.headers.map(({ name, value }) => [name, value.toString()]));
    expect(headers).toMatchObject({ "prism-topic": "t", "prism-group": "g", "prism-cause": "the test says so" });
  });

  test("takes many requests on one stream, and answers each in its order", async () => {
    using app = new PubSubClient(prism.listen, on("events"));
    const subscription = await app.subscribe("volume", { maxOutstandingMessages: 10_000 });
    const call = app.open<object, { outcomes: { id: string }[] }>("PublishStream");
    const ids: string[] = [];
    call.on("data", ({ outcomes }) => ids.push(...outcomes.map((outcome: { id: string }) => outcome.id)));
    const ended = new Promise((resolve, reject) => call.once("end", resolve).once("error", reject));
    const expected = numbered(600);
    for (let request = 0; request < 200; request++) {
      const messages = expected.slice(request * 3, request * 3 + 3).map((id) => messageOf({ id }));
      call.write({ namespace: request === 0 ? on("events") : "", topic: "volume", messages });
    }
    call.end();
    await ended;
    expect(ids).toEqual(expected);
    expect((await subscription.count(600)).map(({ message }) => message.id)).toEqual(expected);
  });

  test("answers unary calls in JSON, bytes in base64", async () => {
    const message = { id: "json", headers: [{ name: "h", value: "/w==" }], payload: "aGVsbG8=" };
    using app = new PubSubClient(prism.listen, on("events"));
    const subscription = await app.subscribe("json");
    const request = { namespace: on("events"), topic: "json", messages: [message] };
    const { status, body } = await callJson(prism.listen, `${service}/Publish`, request);
    expect({ status, body }).toEqual({ status: 200, body: { outcomes: [{ id: "json" }] } });
    expect((await subscription.count(1))[0]!.message.headers[0]!.value).toEqual(Buffer.of(0xff));
    const wrong = await callJson(prism.listen, `${service}/Publish`, { ...request, topic: "no good" });
    expect([wrong.status, reasonOf(wrong)]).toEqual([400, "INVALID_FIELD"]);
  });
});

describe("pub-sub, whatever backend is behind it", () => {
  let prism: PrismProcess;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config });
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test("a subscription without a deadline outlasts the timeout of its namespace", async () => {
    using app = new PubSubClient(prism.listen, "events");
    const subscription = await app.subscribe("t", {}, Number.POSITIVE_INFINITY);
    const startedAtMs = performance.now();
    await eventually("more than the timeout has passed", withinMs, async () => {
      await app.publish("clock", "tick");
      return performance.now() - startedAtMs > 1_500;
    });
    await app.publish("t", "late");
    await subscription.count(1);
    subscription.cancel();
  });

  test("a reader that does not read is told what it lost, and holds up nobody", async () => {
    using app = new PubSubClient(prism.listen, "events");
    using slowApp = new PubSubClient(prism.listen, "events");
    const slow = await slowApp.subscribe("flood", { maxOutstandingMessages: 5 });
    const quick = await app.subscribe("flood", { maxOutstandingMessages: 10_000 });
    const resume = slow.pause();
    const payload = Buffer.alloc(65_536);
    for (const id of numbered(600)) await app.publish("flood", { id, payload });
    await quick.count(600);
    resume();
    await eventually("the rest arrives", withinMs, () => slow.deliveries.length + slow.lost >= 600);
    expect(slow.lost).toBeGreaterThan(0);
    expect(quick.lost).toBe(0);
    const ids = slow.deliveries.map(({ message }) => Number(message.id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
  });

  describe("refuses by the name of the field", () => {
    test.each([
      ["a topic with white space", { topic: "a b", messages: [{}] }, "topic"],
      ["a wildcard to publish to", { topic: "a.*", messages: [{}] }, "topic"],
      ["no message", { topic: "t", messages: [] }, "messages"],
      ["a long id", { topic: "t", messages: [{}, { id: "x".repeat(129) }] }, "messages[1].id"],
      [
        "a header of Prism's own",
        { topic: "t", messages: [{ headers: [{ name: "prism-x" }] }] },
        "messages[0].headers[0].name",
      ],
    ])("%s", async (_, request, field) => {
      using app = new PubSubClient(prism.listen, "events");
      expect(await failureFrom(app.call("Publish", request))).toMatchObject({
        code: "INVALID_ARGUMENT",
        fields: [field],
      });
    });

    test.each([
      ["no start", [{ acknowledge: { deliveryIds: ["1"] } }], "start"],
      ["a pattern that is none", [{ start: { topic: "a*" } }], "start.topic"],
      [
        "too many outstanding",
        [{ start: { topic: "t", maxOutstandingMessages: 10_001 } }],
        "start.max_outstanding_messages",
      ],
      [
        "half a second",
        [{ start: { topic: "t", acknowledgeTimeout: { nanos: 500_000_000 } } }],
        "start.acknowledge_timeout",
      ],
      ["a second start", [{ start: { topic: "t" } }, { start: { topic: "t" } }], "start"],
      ["another namespace", [{ start: { topic: "t" } }, { namespace: "x", acknowledge: {} }], "namespace"],
      ["an acknowledgement of nothing that is held", [{ start: { topic: "t" } }, { acknowledge: {} }], "acknowledge"],
    ])("%s", async (_, requests, field) => {
      using app = new PubSubClient(prism.listen, "events");
      const subscription = new Subscription(app.open("Subscribe"));
      for (const [index, request] of requests.entries()) {
        subscription.send({ ...(index === 0 && { namespace: "events" }), ...request });
      }
      expect(await failureFrom(subscription.ended)).toMatchObject({ code: "INVALID_ARGUMENT", fields: [field] });
    });
  });

  test.each([
    ["that is not there", "evnets", { code: "NOT_FOUND", reason: "NAMESPACE_NOT_FOUND" }],
    ["of another pattern", "demo", { code: "UNIMPLEMENTED", reason: "PATTERN_MISMATCH" }],
  ])("a namespace %s is refused on every kind of call", async (_, namespace, failure) => {
    using app = new PubSubClient(prism.listen, namespace);
    expect(await failureFrom(app.publish("t", "v"))).toMatchObject(failure);
    expect(await failureFrom((await app.subscribe("t")).ended)).toMatchObject(failure);
  });
});

describe("streams that are open when their plugin is killed", () => {
  test("end as PLUGIN_CRASHED with a time to come back, and the namespace serves again", async () => {
    await using prism = await PrismProcess.start({ config });
    using app = new PubSubClient(prism.listen, "events");
    const subscriptions = [await app.subscribe("t"), await app.hold("t", { group: "g" })];
    const publishing = app.open<object, unknown>("PublishStream");
    const answered = new Promise((resolve) => publishing.once("data", resolve));
    const publishEnded = new Promise((_, reject) => publishing.once("error", reject));
    publishing.write({ namespace: "events", topic: "t", messages: [messageOf("v")] });
    await answered;
    for (const subscription of subscriptions) await subscription.count(1);
    const pid = await pluginPid(prism.admin, "memory");
    process.kill(pid, "SIGKILL");
    for (const ended of [...subscriptions.map((subscription) => subscription.ended), publishEnded]) {
      const failure = await failureFrom(ended);
      expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED", domain: "prism.dev" });
      expect(failure.retryDelayMs).toBeGreaterThan(0);
    }
    await pluginPid(prism.admin, "memory", pid);
    const next = await app.subscribe("t");
    await app.publish("t", "after");
    await next.count(1);
    expect(next.texts).toEqual(["after"]);
  });
});

test("streams that are open when Prism stops end as UNAVAILABLE, and Prism exits 0", async () => {
  await using prism = await PrismProcess.start({ config });
  using app = new PubSubClient(prism.listen, "events");
  const subscriptions = [await app.subscribe("t"), await app.hold("t", { group: "g" })];
  await app.publish("t", "v");
  for (const subscription of subscriptions) await subscription.count(1);
  prism.signal("SIGTERM");
  for (const { ended } of subscriptions) {
    expect(await failureFrom(ended)).toMatchObject({ code: "UNAVAILABLE", reason: "DRAINING" });
  }
  expect(await prism.ended).toMatchObject({ code: 0 });
});

test("options change under subscribers: they are told to come back, and the group keeps what it has", async () => {
  await using prism = await PrismProcess.start({ config });
  using app = new PubSubClient(prism.listen, "careful");
  const member = await app.hold("t", { group: "g", acknowledgeTimeout: { seconds: 600 } });
  await app.publish("t", "kept");
  await member.count(1);
  const changed = { careful: { pattern: "pub-sub", backend: "memory", options: { max_deliveries: 9 } } };
  await prism.writeConfig({ ...config, namespaces: { ...config.namespaces, ...changed } });
  expect(await failureFrom(member.ended)).toMatchObject({ code: "UNAVAILABLE", reason: "NAMESPACE_UNAVAILABLE" });
  const next = await eventually("the group goes on", withinMs, async () => {
    const subscription = await app.hold("t", { group: "g" });
    return !subscription.hasEnded && subscription;
  });
  expect((await next.count(1))[0]).toMatchObject({ deliveryCount: 2 });
  expect(next.texts).toEqual(["kept"]);
});

test("prism check names each option that is wrong, and serves nothing", async () => {
  await using prism = await PrismProcess.start({ config });
  const file = join(prism.folder, "wrong.yaml");
  const options = { retention_period: "soon", max_deliveries: 0, partitions: 3 };
  writeFileSync(
    file,
    JSON.stringify({ ...config, namespaces: { e: { pattern: "pub-sub", backend: "memory", options } } }),
  );
  const { code, stderr } = await runPrism(["check", "-c", file]);
  expect(code).toBe(2);
  for (const option of Object.keys(options)) expect(stderr).toContain(`namespaces.e.options.${option}`);
});
