import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, test } from "vitest";
import { cuttingPair } from "../testing/cutting-pair.js";
import { within } from "../testing/deadline.js";
import { type SeededRandom, seededRandom } from "../testing/seeded-random.js";
import { temporarySocket } from "../testing/temporary-socket.js";
import { Http2Connection } from "./connection.js";
import { GrpcClient } from "./grpc-client.js";
import { GrpcServer } from "./grpc-server.js";
import { LendingSocket } from "./lending-socket.js";
import { type ConnectionOptions, unixSocketOptions } from "./limits.js";
import type { Http2Stream, StreamEvents } from "./stream.js";

const mib = 1024 * 1024;

describe("bulk both ways over one Unix socket does not stall", () => {
  test.each<[string, ConnectionOptions, ConnectionOptions]>([
    ["default windows", {}, {}],
    ["8 and 4 MiB windows", { streamWindowBytes: 8 * mib }, { streamWindowBytes: 4 * mib }],
    ["64 KiB windows", { streamWindowBytes: 65_535, connectionWindowBytes: 65_535 }, { streamWindowBytes: 65_535 }],
  ])("400 mixed Get and Set of 1 MiB, 16 in flight, %s", async (_, clientOptions, serverOptions) => {
    const socket = temporarySocket();
    const value = Buffer.alloc(mib, 1);
    const server = new GrpcServer({
      findMethod: (path) => ({ kind: "unary", handle: () => (path === "/get" ? value : new Uint8Array(2)) }),
      connection: serverOptions,
    });
    await server.listen({ path: socket.path });
    const client = await GrpcClient.connect({ path: socket.path }, { connection: clientOptions });
    let begun = 0;
    let receivedBytes = 0;
    const lane = async () => {
      while (begun < 400) {
        const answer = await (begun++ % 2 === 0
          ? client.unary("/get", new Uint8Array(2))
          : client.unary("/set", value));
        receivedBytes += answer.length;
      }
    };
    await within(15_000, "400 calls", Promise.all(Array.from({ length: 16 }, lane)));
    expect(receivedBytes).toBe(200 * mib + 200 * 2);
    await client.close();
    await server.close();
    socket.remove();
  });
});

describe.each([
  ["kept", sendKept],
  ["only lent", sendLent],
] as const)("random windows, frame sizes and splits, of bytes that are %s", (_, send) => {
  const seeds = Array.from({ length: 20 }, (_, seed) => seed);
  test.each(seeds)("every stream's bytes come back in order (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const options = (): ConnectionOptions => ({
      streamWindowBytes: 8 + random.below(random.below(2) === 0 ? 100 : 200_000),
      connectionWindowBytes: 65_535 + random.below(100_000),
      maxFrameBytes: 16_384 + random.below(50_000),
      maxConcurrentStreams: 1 + random.below(20),
      sendHighWaterBytes: 1 + random.below(100_000),
    });
    const [near, far] = cuttingPair(random);
    const server = Http2Connection.accept(near, { ...options(), lingerMs: 10 }, echoBy(send));
    const client = Http2Connection.connect(far, { ...options(), lingerMs: 10 });
    await client.ready;
    const bodies = Array.from({ length: 25 }, (_, index) =>
      counting(random.below(random.below(3) === 0 ? 60_000 : 300), index),
    );
    const echoed = await within(
      20_000,
      "the echoes",
      Promise.all(bodies.map((body) => roundTrip(client, body, random))),
    );
    for (const [i, body] of bodies.entries()) expect(echoed[i]!.equals(body)).toBe(true);
    client.destroy();
    server.destroy();
  });
});

test("bytes read through one buffer come whole from a Unix socket, however many streams they are of", async () => {
  const at = temporarySocket();
  const server = createServer((socket) => Http2Connection.accept(socket, unixSocketOptions, echoBy(sendKept)));
  await once(server.listen(at.path), "listening");
  const socket = new LendingSocket().connect(at.path);
  await once(socket, "connect");
  const client = Http2Connection.connect(socket, unixSocketOptions);
  const random = seededRandom(1);
  const bodies = Array.from({ length: 16 }, (_, index) => counting(mib, index));
  const echoed = await within(15_000, "the echoes", Promise.all(bodies.map((body) => roundTrip(client, body, random))));
  for (const [i, body] of bodies.entries()) expect(echoed[i]!.equals(body)).toBe(true);
  await client.drain();
  server.close();
  at.remove();
});

/** Bytes that tell where in which body they stand. */
function counting(sizeBytes: number, seed: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at < sizeBytes; at++) bytes[at] = seed + at + (at >>> 8) * 7;
  return bytes;
}

type Send = (stream: Http2Stream, data: Buffer, end: boolean) => boolean;

function sendKept(stream: Http2Stream, data: Buffer, end: boolean): boolean {
  return stream.sendData(Buffer.from(data), end);
}

function sendLent(stream: Http2Stream, data: Buffer, end: boolean): boolean {
  const lent = Buffer.from(data);
  const hasRoom = stream.relayData(lent, end);
  lent.fill(0xee);
  return hasRoom;
}

function echoBy(send: Send) {
  return (stream: Http2Stream, _headers: readonly string[], endStream: boolean): StreamEvents => {
    stream.sendHeaders([":status", "200"], endStream);
    let heldBytes = 0;
    return {
      onHeaders() {},
      onData(data, end) {
        if (send(stream, data, end)) stream.releaseWindow(data.length);
        else heldBytes += data.length;
      },
      onTrailers() {},
      onWritable() {
        stream.releaseWindow(heldBytes);
        heldBytes = 0;
      },
      onReset() {},
    };
  };
}

function roundTrip(client: Http2Connection, body: Buffer, random: SeededRandom): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const stream = client.request([":method", "POST", ":scheme", "http", ":path", "/"], false, {
      onHeaders() {},
      onData(data, end) {
        received.push(Buffer.from(data));
        stream.releaseWindow(data.length);
        if (end) resolve(Buffer.concat(received));
      },
      onTrailers() {},
      onWritable: () => send(),
      onReset: (code) => reject(new Error(`reset ${code}`)),
    });
    let at = 0;
    const send = () => {
      for (;;) {
        const end = Math.min(body.length, at + 1 + random.below(30_000));
        const piece = body.subarray(at, end);
        at = end;
        const hasRoom = stream.sendData(piece, end === body.length);
        if (end === body.length || !hasRoom) return;
      }
    };
    send();
  });
}
