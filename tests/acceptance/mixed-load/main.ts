// Small calls at a steady rate beside large ones, from a process of its own.
// usage: node main.ts NAMESPACE HOST:PORT ELSEWHERE. For each line of JSON on stdin, `{"neighbours": WHERE, "timeMs": N}`, it calls for
// so long, with the neighbours on the same connection, on another one, or elsewhere (another proxy's address), and
// writes a line of JSON: the 99th percentile of the small calls, and how many of each there were.
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { literalFields } from "../http2-frames.ts";
import { encode } from "../protos.ts";
import { type LightCall, LightConnection } from "./light-connection.ts";

/** A tenth of what one core serves, so that small calls wait for large ones and not for themselves. */
const callEveryMs = 4;
/** Between two large calls of a neighbour: they are under way for about a tenth of the time, and the cores are not used up. */
const neighbourPauseMs = 20;
const smallBytes = 100;
const largeBytes = 1024 * 1024;
const service = "prism.keyvalue.v1.KeyValueService";
const prefixBytes = 5;

const [namespace = "", here = "", elsewhere = ""] = process.argv.slice(2);

const get = (key: string, sizeBytes: number) => callOf("Get", { namespace, key }, sizeBytes);
const set = (key: string, sizeBytes: number) => callOf("Set", { namespace, key, value: Buffer.alloc(sizeBytes, 7) }, 1);
const smallGet = get("small", smallBytes);
const largeCalls = [get("large", largeBytes), set("large", largeBytes)];

const connection = await LightConnection.open(here);
const neighbourhoods = {
  same: connection,
  other: await LightConnection.open(here),
  elsewhere: await LightConnection.open(elsewhere),
};
await connection.call(set("small", smallBytes));
for (const neighbourhood of Object.values(neighbourhoods)) await neighbourhood.call(set("large", largeBytes));

for await (const line of createInterface({ input: process.stdin })) {
  const { neighbours, timeMs } = JSON.parse(line) as { neighbours: keyof typeof neighbourhoods; timeMs: number };
  process.stdout.write(`${JSON.stringify(await callFor(timeMs, neighbourhoods[neighbours]))}\n`);
}
process.exit(0);

function callOf(method: string, request: object, answerBytesMin: number): LightCall {
  const headers = literalFields({
    ":method": "POST",
    ":scheme": "http",
    ":path": `/${service}/${method}`,
    ":authority": "mixed-load",
    "content-type": "application/grpc",
    "grpc-timeout": "30S",
    te: "trailers",
  });
  const message = encode(`prism.keyvalue.v1.${method}Request`, request);
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(message.length, 1);
  return { headers, body: Buffer.concat([prefix, message]), answerBytesMin };
}

async function callFor(timeMs: number, neighbourhood: LightConnection): Promise<object> {
  const over = new AbortController();
  const calling = largeCalls.map((call) => repeat(neighbourhood, call, over.signal));
  const durationsMs = await steadyCalls(timeMs);
  over.abort();
  const neighbourCalls = (await Promise.all(calling)).reduce((sum, calls) => sum + calls, 0);
  durationsMs.sort((left, right) => left - right);
  return { p99Ms: durationsMs[Math.floor(durationsMs.length * 0.99)], calls: durationsMs.length, neighbourCalls };
}

async function repeat(on: LightConnection, call: LightCall, over: AbortSignal): Promise<number> {
  let calls = 0;
  for (; !over.aborted; calls += 1) {
    await on.call(call);
    await delay(neighbourPauseMs);
  }
  return calls;
}

async function steadyCalls(timeMs: number): Promise<number[]> {
  const startedMs = performance.now();
  const durationsMs: number[] = [];
  const calls: Promise<void>[] = [];
  for (let dueMs = startedMs; dueMs < startedMs + timeMs; dueMs += callEveryMs) {
    await delay(Math.max(0, dueMs - performance.now()));
    const sentMs = performance.now();
    calls.push(connection.call(smallGet).then(() => void durationsMs.push(performance.now() - sentMs)));
  }
  await Promise.all(calls);
  return durationsMs;
}
