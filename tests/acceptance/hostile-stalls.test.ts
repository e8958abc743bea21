import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type AttackerProcess, startAttacker } from "./attacker-process.ts";
import { eventually } from "./eventually.ts";
import { rateKept, withstand } from "./hostile-trial.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { forgetPeakMemory, peakMemoryMib } from "./peak-memory.ts";
import { PrismProcess } from "./prism-process.ts";
import { SteadyLoad } from "./steady-load.ts";

const unreadMib = 64;
/** What a call may take, and what may go unread. Longer than what a busy machine does to an honest call. */
const patience = "1s";
/** What the proxy may hold of HTTP/JSON's bodies and answers. */
const bodiesMib = 128;
/**
 * The proxy, what it may hold for those who do not read, and as much again for what is on its way: an answer of HTTP/JSON is
 * bytes, then text, then bytes. The heap's ups and downs come on top.
 */
const peakMemoryMibMax = 180 + 2 * Math.max(unreadMib, bodiesMib) + 120;

const http1Connections = 3;
const answersPerConnection = 10;
/** A busy machine is late. */
const endsWithinMs = 20_000;

// RFC 9113 section 7.
const noError = "0";
const cancel = "8";
const calm = "11";

let prism: PrismProcess;
let load: SteadyLoad;
let attacker: AttackerProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: { memory: { plugin: "memstore" } },
      namespaces: { demo: { pattern: "key-value", backend: "memory", timeout: patience } },
      limits: { request_timeout: patience, unread_size: `${unreadMib}MiB` },
    },
  });
  using client = new KeyValueClient(prism.listen, "demo");
  await client.set("k", "v".repeat(1_000));
  await client.set("large", Buffer.alloc(1024 * 1024));
  load = new SteadyLoad(prism.listen, "demo");
  await load.callFor(1_000);
  attacker = startAttacker(prism.listen);
});
afterAll(async () => {
  await attacker?.[Symbol.asyncDispose]();
  load?.[Symbol.dispose]();
  await prism?.[Symbol.asyncDispose]();
});

async function countOf(code: string): Promise<number> {
  return (await readMetric(prism.admin, "prism_streams_refused_total", `code="${code}"`)) ?? 0;
}

test.each([
  // The deadline of the call, or what may go unread, whichever is used up first.
  ["large answers that are not read", 400, [cancel, calm]],
  ["small answers that are not read", 400, [calm]],
  ["large JSON answers that are not read", 400, [calm]],
  ["large answers that are read byte by byte", 20, [cancel]],
  // Answered with a status, so that the rest of the request is not wanted (RFC 9113 section 8.1).
  ["requests that come byte by byte", 20, [noError]],
  ["calls without a message", 400, [noError]],
  // The connection's window is not opened either, so the last answers go unread.
  ["JSON requests without a body", 400, [noError, calm]],
])(
  "an honest client keeps its rate while there are %s: all %i streams end, if by a reset with one of %j",
  async (attack, streams, codes) => {
    forgetPeakMemory(prism.pid);
    const { outcomes, ratio } = await withstand(attack, { prism, load, attacker });
    for (const { resets, streamsEnded } of outcomes) {
      expect(streamsEnded).toBe(streams);
      expect(codes).toEqual(expect.arrayContaining(Object.keys(resets)));
    }
    expect(ratio).toBeGreaterThanOrEqual(rateKept);
    expect(peakMemoryMib(prism.pid)).toBeLessThan(peakMemoryMibMax);
  },
);

test("HTTP/1.1 answers that are not read end their connections, which are counted", async () => {
  const unreadAnswers = async () =>
    (await readMetric(prism.admin, "prism_connections_closed_total", 'reason="unread_answers"')) ?? 0;
  const before = await unreadAnswers();
  const [host = "", port = ""] = prism.listen.split(":");
  const body = JSON.stringify({ namespace: "demo", key: "large" });
  const head = "POST /prism.keyvalue.v1.KeyValueService/Get HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n";
  // Time enough for a busy machine to make all the answers.
  const request = `${head}connect-timeout-ms: 60000\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  const sockets = Array.from({ length: http1Connections }, () => {
    const socket = connect(Number(port), host).on("error", () => {});
    // More than the kernel takes for a client that does not read.
    socket.pause().write(request.repeat(answersPerConnection));
    return socket;
  });
  await eventually("the end of the connections", endsWithinMs, async () => {
    return (await unreadAnswers()) === before + http1Connections;
  });
  for (const socket of sockets) socket.destroy();
});

test("what went unread is counted", async () => {
  expect(await countOf("ENHANCE_YOUR_CALM")).toBeGreaterThan(0);
});
