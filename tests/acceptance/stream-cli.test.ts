import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memory } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { type CommandOptions, type CommandResult, runPrism, startPrismCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { prismProgram } from "./repository.ts";
import { StreamClient } from "./stream-client.ts";

const withinMs = 20_000;
const everyByte = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte));

let prism: PrismProcess;
beforeAll(async () => {
  const names = ["append", "lines", "read", "time", "consume", "stop", "describe"];
  const log = { pattern: "stream", backend: "memory", options: { partitions: 1 } };
  const namespaces = {
    ...Object.fromEntries(names.map((name) => [name, log])),
    wide: { ...log, options: { partitions: 3 } },
  };
  prism = await PrismProcess.start({ config: { backends: { memory: memory.config() }, namespaces } });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** Runs `prism stream …` against the proxy. */
function stream(given: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return runPrism(["stream", ...given], { ...options, environment: { PRISM_SERVER: prism.listen } });
}

function startStream(given: readonly string[]) {
  return startPrismCommand(["stream", ...given], { environment: { PRISM_SERVER: prism.listen } });
}

const textOf = ({ stdout }: CommandResult) => stdout.toString();
const jsonLines = (text: string) =>
  text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("stream append", () => {
  test("prints where the record is, and the record is what was said", async () => {
    const given = ["append", "append", "hello", "--key", "k", "--id", "one", "--content-type", "text/plain"];
    const appended = await stream([...given, "--header", "a=1", "--header", "b=x=y"]);
    expect(appended).toMatchObject({ code: 0, stdout: Buffer.from("0:0\n"), stderr: "" });
    const [record] = jsonLines(textOf(await stream(["read", "append", "--json"])));
    expect(record).toMatchObject({
      partition: 0,
      offset: "0",
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
    expect(Math.abs(Date.parse(record.appendTime) - Date.now())).toBeLessThan(60_000);
  });

  test("takes every byte from stdin, and says the place as JSON", async () => {
    const [position] = jsonLines(textOf(await stream(["append", "append", "-", "--json"], { input: everyByte })));
    using app = new StreamClient(prism.listen, "append");
    const reading = app.read({ offset: Number(position.offset) });
    await reading.ended;
    expect(reading.records[0]?.message.payload).toEqual(everyByte);
  });

  test("--lines appends thousands of lines in order, and prints a place for each", async () => {
    const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
    const appended = await stream(["append", "lines", "--lines"], { input: lines.join("\n") });
    expect(appended.code).toBe(0);
    expect(textOf(appended).trim().split("\n")).toEqual(lines.map((_, index) => `0:${index}`));
    using app = new StreamClient(prism.listen, "lines");
    expect(await app.texts()).toEqual(lines);
  });

  test("--lines without a line does nothing", async () => {
    expect(await stream(["append", "lines", "--lines"])).toMatchObject({
      code: 0,
      stdout: Buffer.alloc(0),
      stderr: "",
    });
  });

  test("Ctrl-C ends --lines; each line that was sent is appended and printed", async () => {
    const child = spawn(prismProgram, ["stream", "append", "stop", "--lines"], {
      env: { ...process.env, PRISM_SERVER: prism.listen },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let printed = "";
    child.stdout.on("data", (chunk: Buffer) => {
      printed += chunk;
    });
    child.stdin.write("a\nb\nhalf");
    await eventually("both are printed", withinMs, () => printed === "0:0\n0:1\n");
    child.kill("SIGINT");
    expect(await once(child, "close")).toEqual([0, null]);
    using app = new StreamClient(prism.listen, "stop");
    expect(await app.texts()).toEqual(["a", "b"]);
  });

  test("a record that is refused exits 1 and names the field", async () => {
    const { code, stderr } = await stream(["append", "append", "v", "--key", "k".repeat(1_025)]);
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("records[0].key") });
  });
});

describe("stream read", () => {
  beforeAll(async () => {
    using app = new StreamClient(prism.listen, "read");
    await app.append(
      "plain",
      { key: "k\ty", payload: "line\nbreak" },
      { payload: everyByte.subarray(128, 130) },
      "last",
    );
  });

  test("prints a line for each record, escaped", async () => {
    expect(textOf(await stream(["read", "read"]))).toBe(
      "0:0\t\tplain\n0:1\tk\\ty\tline\\nbreak\n0:2\t\t\\x80\\x81\n0:3\t\tlast\n",
    );
  });

  test("begins where it is told, and stops after so many", async () => {
    expect(textOf(await stream(["read", "read", "--from", "1", "--limit", "2"]))).toMatch(/^0:1\t.*\n0:2\t.*\n$/);
    expect(textOf(await stream(["read", "read", "--from", "latest"]))).toBe("");
    expect(textOf(await stream(["read", "read", "--since", "1h", "--limit", "1"]))).toBe("0:0\t\tplain\n");
    expect(textOf(await stream(["read", "read", "--since", "2999-01-01T00:00:00Z"]))).toBe("");
  });

  test("--partition reads one of several", async () => {
    using app = new StreamClient(prism.listen, "wide");
    const keys = Array.from({ length: 12 }, (_, index) => `key ${index}`);
    const positions = await app.append(...keys.map((key) => ({ key, payload: "v" })));
    const lines = textOf(await stream(["read", "wide", "--partition", "2"]))
      .trim()
      .split("\n");
    expect(lines).toHaveLength(positions.filter(({ partition }) => partition === 2).length);
    expect(lines.every((line) => line.startsWith("2:"))).toBe(true);
  });

  test("--follow goes on at the end, and Ctrl-C ends it with 0", async () => {
    await using reading = startStream(["read", "read", "--from", "latest", "--follow"]);
    await eventually("it has caught up", withinMs, () => reading.stderr.includes("caught up"));
    using app = new StreamClient(prism.listen, "read");
    await app.append("followed");
    await eventually("the record is printed", withinMs, () => reading.stdout.endsWith("\tfollowed\n"));
    reading.signal("SIGINT");
    expect(await reading.ended).toBe(0);
  });

  test("an offset that retention has removed, and a partition that is not there, exit 1 and say so", async () => {
    const { code, stderr } = await stream(["read", "read", "--partition", "1"]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/partition: is 1.*INVALID_FIELD/s),
    });
  });
});

describe("stream consume", () => {
  beforeAll(async () => {
    using app = new StreamClient(prism.listen, "consume");
    await app.append(...Array.from({ length: 10 }, (_, index) => `record ${index}`));
  });

  const payloads = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[2]);

  test("--count commits what it has printed, and nothing else", async () => {
    const first = await stream(["consume", "consume", "g", "--count", "4"]);
    expect(first).toMatchObject({ code: 0, stderr: "partitions 0\n" });
    expect(payloads(textOf(first))).toEqual(["record 0", "record 1", "record 2", "record 3"]);
    const next = await stream(["consume", "consume", "g", "--count", "2", "--json"]);
    const [assignment, ...records] = jsonLines(textOf(next));
    expect(assignment).toEqual({ assignment: { partitions: [0] } });
    expect(records.map(({ offset }) => offset)).toEqual(["4", "5"]);
    using app = new StreamClient(prism.listen, "consume");
    expect(await app.describe("g")).toMatchObject([{ committedOffset: 5, lag: 4 }]);
  });

  test("--no-commit leaves everything for the next", async () => {
    for (const _ of ["once", "again"]) {
      const looked = await stream(["consume", "consume", "lookers", "--count", "3", "--no-commit"]);
      expect(payloads(textOf(looked))).toEqual(["record 0", "record 1", "record 2"]);
    }
  });

  test("Ctrl-C commits what was printed and ends with 0", async () => {
    await using consuming = startStream(["consume", "consume", "stopped"]);
    await eventually("all are printed", withinMs, () => consuming.stdout.trim().split("\n").length === 10);
    consuming.signal("SIGINT");
    expect(await consuming.ended).toBe(0);
    using app = new StreamClient(prism.listen, "consume");
    expect(await app.describe("stopped")).toMatchObject([{ committedOffset: 9, lag: 0 }]);
  });

  test("--from latest begins a new group at the end", async () => {
    await using consuming = startStream(["consume", "time", "g", "--from", "latest", "--count", "1"]);
    await eventually("it has its partition", withinMs, () => consuming.stderr.includes("partitions 0"));
    using app = new StreamClient(prism.listen, "time");
    await app.append("after");
    expect(await consuming.ended).toBe(0);
    expect(payloads(consuming.stdout)).toEqual(["after"]);
  });
});

describe("stream describe", () => {
  beforeAll(async () => {
    using app = new StreamClient(prism.listen, "describe");
    await app.append("a", "b", "c");
    await stream(["consume", "describe", "g", "--count", "1"]);
  });

  test("is a table, with a group its progress", async () => {
    expect(textOf(await stream(["describe", "describe"]))).toBe("PARTITION  EARLIEST  NEXT\n0          0         3\n");
    expect(textOf(await stream(["describe", "describe", "--group", "g"]))).toBe(
      "PARTITION  EARLIEST  NEXT  COMMITTED  LAG\n0          0         3     0          2\n",
    );
  });

  test("--json has the names and forms of proto3 JSON", async () => {
    expect(jsonLines(textOf(await stream(["describe", "describe", "--group", "g", "--json"])))).toEqual([
      {
        partitions: [{ partition: 0, earliestOffset: "0", nextOffset: "3", committedOffset: "0", lag: "2" }],
        ordering: "ORDERING_PROMISE_TOTAL",
      },
    ]);
  });
});

test.each([
  ["a payload and --lines", ["append", "n", "v", "--lines"]],
  ["no payload", ["append", "n"]],
  ["a header without a value", ["append", "n", "v", "--header", "a"]],
  ["a start that is none", ["read", "n", "--from", "yesterday"]],
  ["a time that is none", ["read", "n", "--since", "yesterday"]],
  ["two starts", ["read", "n", "--from", "1", "--since", "1h"]],
  ["a partition that is none", ["read", "n", "--partition", "-1"]],
  ["no group", ["consume", "n"]],
  ["a group that begins at an offset", ["consume", "n", "g", "--from", "3"]],
])("%s is wrong usage: 2, with advice on stderr", async (_, given) => {
  const { code, stdout, stderr } = await stream(given);
  expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: "" });
  expect(stderr).not.toBe("");
});
