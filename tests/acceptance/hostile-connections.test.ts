import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { FrameTally, hello, preface } from "./http2-frames.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { forgetPeakMemory, peakMemoryMib } from "./peak-memory.ts";
import { PrismProcess } from "./prism-process.ts";

const handshakeTimeoutMs = 400;
const idleTimeoutMs = 1_000;
const connectionsMax = 10_000;
/** More than connect at once, so that some are refused. */
const connectionsTried = connectionsMax + 50;
/** What a connection that speaks HTTP/2 and nothing more may cost, with the proxy's own 150 MiB and its heap's ups and downs. */
const peakMemoryMibMax = 150 + 150 + (connectionsMax * 24) / 1024;
/** A busy machine is late. */
const endsWithinMs = 20_000;
const byteEveryMs = 30;

let prism: PrismProcess;
const sockets = new Set<Socket>();

function start(limits: object): Promise<PrismProcess> {
  return PrismProcess.start({
    config: {
      backends: { memory: { plugin: "memstore" } },
      namespaces: { demo: { pattern: "key-value", backend: "memory" } },
      limits,
    },
  });
}

async function dial(address: string): Promise<Socket> {
  const [host = "", port = ""] = address.split(":");
  const socket = connect({ host, port: Number(port), noDelay: true });
  sockets.add(socket);
  socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  await once(socket, "connect");
  return socket;
}

async function closedFor(reason: string): Promise<number> {
  return (await readMetric(prism.admin, "prism_connections_closed_total", `reason="${reason}"`)) ?? 0;
}

async function getAnswer(address: string): Promise<boolean> {
  using client = new KeyValueClient(address, "demo");
  return (await client.get("k")).found;
}

describe("a connection that says too little", () => {
  beforeAll(async () => {
    const [handshake, idle] = [handshakeTimeoutMs, idleTimeoutMs].map((timeoutMs) => `${timeoutMs}ms`);
    prism = await start({ handshake_timeout: handshake, idle_timeout: idle });
  });
  afterAll(() => prism?.[Symbol.asyncDispose]());

  /** All at once, or one after the other for ever. */
  type Bytes = Buffer | { readonly dribbled: Buffer };

  const settingsFrame = hello().subarray(preface.length);
  test.each<[name: string, bytes: Bytes, reason: string]>([
    ["nothing", Buffer.alloc(0), "handshake_timeout"],
    ["a part of the preface", preface.subarray(0, 10), "handshake_timeout"],
    ["the preface, a byte at a time", { dribbled: preface }, "handshake_timeout"],
    ["the preface alone", preface, "handshake_timeout"],
    ["a part of its SETTINGS", Buffer.concat([preface, settingsFrame.subarray(0, 5)]), "handshake_timeout"],
    ["a TLS handshake", Buffer.from([0x16, 3, 1, 0, 5]), "unknown_protocol"],
    ["some other protocol", Buffer.from("SSH-2.0-OpenSSH_9.9\r\n"), "unknown_protocol"],
    ["its SETTINGS and no call", hello(), "idle_timeout"],
  ])("and only this: %s; is closed in time and counted", async (_, bytes, reason) => {
    const before = await closedFor(reason);
    const socket = await dial(prism.listen);
    const closed = once(socket.resume(), "close");
    await say(socket, bytes);
    await closed;
    await eventually("the metric", endsWithinMs, async () => (await closedFor(reason)) === before + 1);
  });

  async function say(socket: Socket, bytes: Bytes): Promise<void> {
    if (!("dribbled" in bytes)) {
      socket.write(bytes);
      return;
    }
    for (const byte of bytes.dribbled) {
      if (socket.destroyed) return;
      socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, byteEveryMs));
    }
  }

  test("an idle one is told to go with GOAWAY and NO_ERROR", async () => {
    const socket = await dial(prism.listen);
    const tally = new FrameTally();
    socket.on("data", (chunk) => tally.push(chunk));
    socket.write(hello());
    await once(socket, "close");
    expect(tally.goaway).toBe(0);
  });
});

describe("10,000 connections", () => {
  beforeAll(async () => {
    prism = await start({ connections: connectionsMax });
  });
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await prism?.[Symbol.asyncDispose]();
  });

  test("leave an app that was there before its calls, the next ones are refused and counted, and memory is bounded", async () => {
    using client = new KeyValueClient(prism.listen, "demo");
    await client.set("k", "v");
    forgetPeakMemory(prism.pid);
    for (let opened = 0; opened < connectionsTried; opened += 50) {
      const opening = Array.from({ length: 50 }, async () => (await dial(prism.listen)).write(hello()));
      const [{ found }] = await Promise.all([client.get("k"), ...opening]);
      expect(found).toBe(true);
    }
    await eventually("the refusals", endsWithinMs, async () => {
      const refused = await closedFor("too_many_connections");
      return refused === connectionsTried + 1 - connectionsMax;
    });
    expect(await client.text("k")).toBe("v");
    process.stdout.write(`10,000 connections: peak ${peakMemoryMib(prism.pid).toFixed(0)} MiB\n`);
    expect(peakMemoryMib(prism.pid)).toBeLessThan(peakMemoryMibMax);
  });

  test("make room when they go", async () => {
    for (const socket of sockets) socket.destroy();
    await eventually("an answer on a new connection", endsWithinMs, () => getAnswer(prism.listen).catch(() => false));
  });
});
