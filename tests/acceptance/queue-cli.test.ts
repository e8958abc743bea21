import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memory } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { type CommandOptions, type CommandResult, runPrism, startPrismCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { QueueClient, textOf } from "./queue-client.ts";

const withinMs = 20_000;
const everyByte = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));
const nothing = { ready: 0, leased: 0, delayed: 0, dead: 0 };

let prism: PrismProcess;
beforeAll(async () => {
  const names = ["send", "lines", "receive", "settle", "follow", "stop", "describe"];
  const jobs = { pattern: "queue", backend: "memory" };
  const namespaces = {
    ...Object.fromEntries(names.map((name) => [name, jobs])),
    fragile: { ...jobs, options: { max_deliveries: 1 } },
  };
  prism = await PrismProcess.start({ config: { backends: { memory: memory.config() }, namespaces } });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** Runs `prism queue …` against the proxy. */
function queue(given: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runPrism(["queue", ...given], { ...options, environment: { PRISM_SERVER: prism.listen } });
}

function startQueue(given: readonly string[]) {
  return startPrismCommand(["queue", ...given], { environment: { PRISM_SERVER: prism.listen } });
}

const textIn = ({ stdout }: CommandResult) => stdout.toString();
const rowsIn = (result: CommandResult) =>
  textIn(result)
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"));
const jsonLines = (result: CommandResult) => rowsIn(result).map(([line = ""]) => JSON.parse(line));

describe("queue send", () => {
  test("prints the message's id, and the message is what was said", async () => {
    const given = ["send", "send", "hello", "--key", "k", "--id", "one", "--content-type", "text/plain"];
    const sent = await queue([...given, "--header", "a=1", "--header", "b=x=y"]);
    expect(sent).toMatchObject({ code: 0, stdout: Buffer.from("one\n"), stderr: "" });
    const [delivery] = jsonLines(await queue(["receive", "send", "--acknowledge", "--json"]));
    expect(delivery).toMatchObject({
      deliveryCount: 1,
      message: {
        id: "one",
        key: "k",
        contentType: "text/plain",
        headers: [
          { name: "a", value: "MQ==" },
          { name: "b", value: "eD15" },
        ],
        payload: "aGVsbG8=",
      },
    });
    expect(Math.abs(Date.parse(delivery.sendTime) - Date.now())).toBeLessThan(60_000);
    expect(Math.abs(Date.parse(delivery.leaseExpireTime) - Date.now() - 30_000)).toBeLessThan(30_000);
  });

  test("takes every byte from stdin", async () => {
    await queue(["send", "send", "-"], { input: everyByte });
    using app = new QueueClient(prism.listen, "send");
    const { message, deliveryId } = await app.receiveOne();
    expect(message.payload).toEqual(everyByte);
    await app.acknowledge(deliveryId);
  });

  test("--delay and --deduplication-id hold", async () => {
    const [first] = jsonLines(await queue(["send", "send", "a", "--delay", "1h", "--deduplication-id", "d", "--json"]));
    const [again] = jsonLines(await queue(["send", "send", "b", "--deduplication-id", "d", "--json"]));
    expect([first.duplicate, again]).toEqual([false, { id: first.id, duplicate: true }]);
    using app = new QueueClient(prism.listen, "send");
    expect(await app.describe()).toMatchObject({ ...nothing, delayed: 1 });
  });

  test("--lines sends thousands of lines in order, and prints an id for each", async () => {
    const lines = Array.from({ length: 3_000 }, (_, index) => `line ${index}`);
    const sent = await queue(["send", "lines", "--lines"], { input: lines.join("\n") });
    expect(sent.code).toBe(0);
    expect(new Set(textIn(sent).trim().split("\n")).size).toBe(lines.length);
    const received = await queue(["receive", "lines", "--max", "100", "--acknowledge"]);
    expect(rowsIn(received).map(([, , , payload]) => payload)).toEqual(lines.slice(0, 100));
  });

  test.each([
    ["no payload", ["send", "send"], "no value is given"],
    ["a payload and --lines", ["send", "send", "x", "--lines"], "give one of them"],
    ["a header without a value", ["send", "send", "x", "--header", "a"], "NAME=VALUE"],
    ["a delay of nothing", ["send", "send", "x", "--delay", "soon"], "Write a duration"],
  ])("%s exits 2 and sends nothing", async (_, given, text) => {
    expect(await queue(given)).toMatchObject({ code: 2, stderr: expect.stringContaining(text) });
  });

  test("what the proxy refuses exits 1 with the reason", async () => {
    const refused = await queue(["send", "send", "x", "--header", "prism-x=1", "--json"]);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stderr)).toMatchObject({ error: { code: "INVALID_ARGUMENT", reason: "INVALID_FIELD" } });
  });
});

describe("queue receive, ack and reject", () => {
  test("an empty queue exits 1, at once or after the wait", async () => {
    expect(await queue(["receive", "receive"])).toMatchObject({ code: 1, stdout: Buffer.alloc(0), stderr: "" });
    expect(await queue(["receive", "receive", "--wait", "300ms"])).toMatchObject({ code: 1, stdout: Buffer.alloc(0) });
  });

  test("a message is printed, and is the receiver's until it says what became of it", async () => {
    await queue(["send", "settle", "tab\tand\nline", "--key", "k"]);
    const [[first = "", ...rest] = []] = rowsIn(await queue(["receive", "settle", "--lease", "1h"]));
    expect(rest).toEqual(["1", "k", "tab\\tand\\nline"]);
    expect((await queue(["receive", "settle"])).code).toBe(1);
    const rejected = await queue(["reject", "settle", first, "--cause", "not now"]);
    expect(rejected).toMatchObject({ code: 0, stdout: Buffer.from(`${first}\trejected\n`) });
    const [[second = "", count] = []] = rowsIn(await queue(["receive", "settle", "--wait", "5s"]));
    expect(count).toBe("2");
    const acknowledged = await queue(["ack", "settle", second, first]);
    expect(acknowledged.code).toBe(1);
    const rows = rowsIn(acknowledged);
    expect(rows).toEqual([
      [second, "acknowledged"],
      [first, expect.stringContaining("lease")],
    ]);
    const again = await queue(["ack", "settle", second, "--json"]);
    expect([again.code, jsonLines(again)]).toEqual([
      1,
      [{ deliveryId: second, error: { code: 9, message: expect.any(String) } }],
    ]);
  });
});

describe("queue receive --follow", () => {
  test("prints and acknowledges what is there and what comes, until Ctrl-C", async () => {
    using app = new QueueClient(prism.listen, "follow");
    await app.send("one");
    await using following = startQueue(["receive", "follow", "--follow"]);
    const payloads = () =>
      following.stdout
        .split("\n")
        .filter(Boolean)
        .map((line) => line.split("\t")[3]);
    await eventually("the first is printed", withinMs, () => payloads().length === 1);
    await app.send("two", "three");
    await eventually("the others are printed", withinMs, () => payloads().length === 3);
    following.signal("SIGINT");
    expect(await following.ended).toBe(0);
    expect(payloads()).toEqual(["one", "two", "three"]);
    expect(following.stderr).toBe("");
    expect(await app.describe()).toMatchObject(nothing);
  });

  test("Ctrl-C leaves acknowledged what was printed, and nothing else", async () => {
    using app = new QueueClient(prism.listen, "stop");
    const texts = Array.from({ length: 1_000 }, (_, index) => `job ${index}`);
    await app.send(...texts);
    await using following = startQueue(["receive", "stop", "--follow"]);
    await eventually("some are printed", withinMs, () => following.stdout.split("\n").length > 20);
    following.signal("SIGINT");
    expect(await following.ended).toBe(0);
    const printed = following.stdout
      .split("\n")
      .filter(Boolean)
      .map((line) => line.split("\t")[3]);
    const { ready, leased } = await app.describe();
    expect([printed.length + ready, leased]).toEqual([texts.length, 0]);
    const left = await app.receive({ maxMessages: 100 });
    expect(left.map(textOf).filter((text) => printed.includes(text))).toEqual([]);
  });

  test("--count stops after so many", async () => {
    using app = new QueueClient(prism.listen, "receive");
    await app.send("a", "b", "c", "d");
    const followed = await queue(["receive", "receive", "--follow", "--count", "2", "--json"]);
    expect([followed.code, jsonLines(followed).length]).toEqual([0, 2]);
    expect(await app.describe()).toMatchObject({ ready: 2, leased: 0 });
  });
});

test("queue describe shows a table, or JSON", async () => {
  using app = new QueueClient(prism.listen, "describe");
  await app.send("a", "b", { message: {}, delay: { seconds: 3_600 } });
  await app.receiveOne({ lease: { seconds: 60 } });
  const [head = "", row = ""] = textIn(await queue(["describe", "describe"])).split("\n");
  expect(head.split(/ +/)).toEqual(["READY", "LEASED", "DELAYED", "DEAD", "OLDEST"]);
  expect(row).toMatch(/^1 +1 +1 +0 +\d{4}-\d\d-\d\dT/);
  const [description] = jsonLines(await queue(["describe", "describe", "--json"]));
  expect(description).toMatchObject({ ready: "1", leased: "1", delayed: "1", dead: "0" });
});

test("queue dead lists what died and why, and redrive sends it again", async () => {
  using app = new QueueClient(prism.listen, "fragile");
  expect(await queue(["dead", "fragile"])).toMatchObject({ code: 0, stdout: Buffer.alloc(0) });
  for (const id of ["one", "two", "three"]) {
    await app.send({ message: { id, payload: Buffer.from(`of ${id}`) } });
    await app.reject((await app.receiveOne()).deliveryId, { cause: `${id} failed` });
  }
  expect(rowsIn(await queue(["dead", "fragile"]))).toEqual(
    ["one", "two", "three"].map((id) => [id, expect.stringMatching(/^\d{4}-/), "1", `${id} failed`, `of ${id}`]),
  );
  expect(jsonLines(await queue(["dead", "fragile", "--limit", "1", "--json"]))).toMatchObject([
    { message: { id: "one" }, cause: "one failed", deliveryCount: 1 },
  ]);
  expect(await queue(["redrive", "fragile", "two", "none"])).toMatchObject({ code: 0, stdout: Buffer.from("1\n") });
  expect(textIn(await queue(["redrive", "fragile", "--limit", "1", "--json"]))).toBe('{"redriven":"1"}\n');
  expect(textIn(await queue(["redrive", "fragile"]))).toBe("1\n");
  expect(await queue(["redrive", "fragile"])).toMatchObject({ code: 1, stdout: Buffer.from("0\n") });
  expect(await app.describe()).toMatchObject({ ...nothing, ready: 3 });
});
