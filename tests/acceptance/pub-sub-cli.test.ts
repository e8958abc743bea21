import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memory } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { type CommandOptions, type CommandResult, runPrism, startPrismCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { PubSubClient } from "./pub-sub-client.ts";
import { prismProgram } from "./repository.ts";

const withinMs = 20_000;
const everyByte = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));

let prism: PrismProcess;
let app: PubSubClient;
beforeAll(async () => {
  const namespaces = { events: { pattern: "pub-sub", backend: "memory" } };
  prism = await PrismProcess.start({ config: { backends: { memory: memory.config() }, namespaces } });
  app = new PubSubClient(prism.listen, "events");
});
afterAll(async () => {
  app[Symbol.dispose]();
  await prism[Symbol.asyncDispose]();
});

/** Runs `prism pubsub …` against the proxy. */
function pubsub(given: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runPrism(["pubsub", ...given], { ...options, environment: { PRISM_SERVER: prism.listen } });
}

/** Starts `prism pubsub subscribe events …` and waits until the subscription is in place. */
async function subscribed(given: readonly string[]) {
  const command = ["pubsub", "subscribe", "events", ...given];
  const started = startPrismCommand(command, { environment: { PRISM_SERVER: prism.listen } });
  await eventually("it has subscribed", withinMs, () => /subscribed|started/.test(started.stderr + started.stdout));
  return started;
}

const jsonLines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("pubsub publish", () => {
  test("prints the id, and the message is what was said", async () => {
    const subscription = await app.subscribe("said");
    const given = ["publish", "events", "said", "hello", "--key", "k", "--id", "one", "--content-type", "text/plain"];
    const published = await pubsub([...given, "--header", "a=1", "--header", "b=x=y"]);
    expect(published).toMatchObject({ code: 0, stdout: Buffer.from("one\n"), stderr: "" });
    const [{ message } = { message: undefined }] = await subscription.count(1);
    expect(message).toMatchObject({
      id: "one",
      key: "k",
      contentType: "text/plain",
      headers: [
        { name: "a", value: Buffer.from("1") },
        { name: "b", value: Buffer.from("x=y") },
      ],
      payload: Buffer.from("hello"),
    });
  });

  test("takes every byte from stdin, and says the id as JSON", async () => {
    const subscription = await app.subscribe("bytes");
    const published = await pubsub(["publish", "events", "bytes", "-", "--json"], { input: everyByte });
    const [delivery] = await subscription.count(1);
    expect(jsonLines(published.stdout.toString())).toEqual([{ id: delivery!.message.id }]);
    expect(delivery!.message.payload).toEqual(everyByte);
  });

  test("--lines publishes thousands of lines in order, and prints an id for each", async () => {
    const subscription = await app.subscribe("lines", { maxOutstandingMessages: 10_000 });
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
    const published = await pubsub(["publish", "events", "lines", "--lines"], { input: lines.join("\n") });
    expect(published.code).toBe(0);
    const deliveries = await subscription.count(5_000);
    expect(subscription.texts).toEqual(lines);
    expect(published.stdout.toString().trim().split("\n")).toEqual(deliveries.map(({ message }) => message.id));
  });

  test("Ctrl-C ends --lines; each line that was sent is published and its id printed", async () => {
    const subscription = await app.subscribe("stop");
    const child = spawn(prismProgram, ["pubsub", "publish", "events", "stop", "--lines", "--id", "same"], {
      env: { ...process.env, PRISM_SERVER: prism.listen },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk;
    });
    child.stdin.write("a\nb\nhalf");
    await eventually("both are printed", withinMs, () => printed === "same\nsame\n");
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([0, null]);
    await subscription.count(2);
    expect(subscription.texts).toEqual(["a", "b"]);
  });

  test("a message that is refused exits 1 and names the field", async () => {
    const { code, stderr } = await pubsub(["publish", "events", "t", "v", "--key", "k".repeat(1_025)]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("messages[0].key") });
  });
});

describe("pubsub subscribe", () => {
  test("prints a line for each message, escaped, and stops after so many", async () => {
    await using subscriber = await subscribed(["a.>", "--count", "3"]);
    await app.publish("a.b", "plain", { key: "k\ty", payload: "line\nbreak" });
    await app.publish("a.c", { payload: everyByte.subarray(128, 130) });
    expect(await subscriber.ended).toBe(0);
    expect(subscriber.stdout).toBe("a.b\t\tplain\na.b\tk\\ty\tline\\nbreak\na.c\t\t\\x80\\x81\n");
  });

  test("--json has the names and forms of proto3 JSON", async () => {
    await using subscriber = await subscribed(["json", "--count", "1", "--json"]);
    await app.publish("json", { id: "one", key: "k", headers: [{ name: "h", value: everyByte.subarray(255) }] });
    expect(await subscriber.ended).toBe(0);
    const [started, delivered] = jsonLines(subscriber.stdout);
    expect(started).toEqual({
      started: { delivery: "DELIVERY_PROMISE_AT_MOST_ONCE", ordering: "ORDERING_PROMISE_TOTAL" },
    });
    const message = { id: "one", key: "k", headers: [{ name: "h", value: "/w==" }], payload: "" };
    expect(delivered).toMatchObject({ delivery: { topic: "json", message, deliveryCount: 1 } });
    expect(Math.abs(Date.parse(delivered.delivery.publishTime) - Date.now())).toBeLessThan(60_000);
  });

  test("Ctrl-C ends it with 0", async () => {
    await using subscriber = await subscribed(["quiet"]);
    subscriber.signal("SIGINT");
    expect(await subscriber.ended).toBe(0);
    expect(subscriber.stderr).toBe("subscribed; Ctrl-C ends it\n");
  });

  test("--acknowledge acknowledges what was printed, and nothing else", async () => {
    const group = ["work", "--group", "g", "--acknowledge"];
    await using first = await subscribed([...group, "--count", "4"]);
    await app.publish("work", ...Array.from({ length: 10 }, (_, index) => `message ${index}`));
    expect(await first.ended).toBe(0);
    await using second = await subscribed(group);
    await eventually("the rest is printed", withinMs, () => second.stdout.trim().split("\n").length === 6);
    second.signal("SIGINT");
    expect(await second.ended).toBe(0);
    const payloads = (first.stdout + second.stdout)
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[2]);
    expect(payloads).toEqual(Array.from({ length: 10 }, (_, index) => `message ${index}`));
    const left = await app.hold("work", { group: "g" });
    await app.publish("work", "end");
    await left.count(1);
    expect(left.texts).toEqual(["end"]);
    await left.leave();
  });
});

test.each([
  ["a payload and --lines", ["publish", "n", "t", "v", "--lines"]],
  ["no payload", ["publish", "n", "t"]],
  ["a header without a value", ["publish", "n", "t", "v", "--header", "a"]],
  ["no topic", ["subscribe", "n"]],
  ["a count that is none", ["subscribe", "n", "t", "--count", "0"]],
])("%s is wrong usage: 2, with advice on stderr", async (_, given) => {
  const { code, stdout, stderr } = await pubsub(given);
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: "" });
  expect(stderr).not.toBe("");
});
