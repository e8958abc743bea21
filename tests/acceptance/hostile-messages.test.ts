import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { getMessage } from "./attacker/key-value-requests.ts";
import { readMetric } from "./metric.ts";
import { forgetPeakMemory, peakMemoryMib } from "./peak-memory.ts";
import { PrismProcess } from "./prism-process.ts";

// gRPC's status codes.
const ok = "0";
const invalidArgument = "3";
const resourceExhausted = "8";
const unimplemented = "12";

const mib = 1024 * 1024;
/** The proxy's own, and its heap's ups and downs: nothing is set aside for what is only announced. */
const peakMemoryMibMax = 320;

let prism: PrismProcess;
let session: ClientHttp2Session;

beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: { memory: { plugin: "memstore" } },
      namespaces: { demo: { pattern: "key-value", backend: "memory", timeout: "5s" } },
    },
  });
  session = connect(`http://${prism.listen}`);
  await once(session, "connect");
});
afterAll(async () => {
  session?.close();
  await prism?.[Symbol.asyncDispose]();
});

const headers = {
  ":method": "POST",
  ":path": "/prism.keyvalue.v1.KeyValueService/Get",
  "content-type": "application/grpc",
  te: "trailers",
};

/** The grpc-status of a call of Get that sends these bytes and then ends its side, or does not. */
async function statusOf(bytes: Buffer, { ends = true } = {}): Promise<unknown> {
  const stream = session.request(headers, { endStream: false });
  let status: unknown;
  stream.on("response", (fields) => {
    status = fields["grpc-status"];
  });
  stream.on("trailers", (fields) => {
    status = fields["grpc-status"];
  });
  stream.on("error", () => {}).resume();
  const closed = once(stream, "close");
  stream.write(bytes);
  if (ends) stream.end();
  await closed;
  return status;
}

function prefixed(flag: number, announcedBytes: number, message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flag;
  prefix.writeUInt32BE(announcedBytes, 1);
  return Buffer.concat([prefix, message]);
}

const message = getMessage("demo", "k").subarray(5);

describe("a message that is not what its prefix says", () => {
  test.each([
    ["announces 4 GiB", prefixed(0, 2 ** 32 - 1, message), resourceExhausted],
    ["announces a byte more than is allowed", prefixed(0, 4 * mib + 1, message), resourceExhausted],
    ["announces more than comes", prefixed(0, message.length + 1, message), invalidArgument],
    ["announces less than comes", prefixed(0, message.length - 1, message), invalidArgument],
    [
      "is followed by another message",
      Buffer.concat([getMessage("demo", "k"), getMessage("demo", "k")]),
      invalidArgument,
    ],
    [
      "is followed by a part of a prefix",
      Buffer.concat([getMessage("demo", "k"), Buffer.from([0, 0])]),
      invalidArgument,
    ],
    ["is compressed without saying how", prefixed(1, message.length, message), unimplemented],
    ["has an impossible flag", prefixed(0xff, message.length, message), unimplemented],
    ["is a prefix alone", prefixed(0, 5, Buffer.alloc(0)), invalidArgument],
    ["is nothing", Buffer.alloc(0), invalidArgument],
  ])("%s", async (_, bytes, status) => {
    expect(await statusOf(bytes)).toBe(status);
    expect(await statusOf(getMessage("demo", "k"))).toBe(ok);
  });

  test("900 announcements of the largest message, which never comes, take no memory", async () => {
    forgetPeakMemory(prism.pid);
    const bytes = prefixed(0, 4 * mib, message);
    const streams = Array.from({ length: 900 }, () => {
      const stream = session.request(headers, { endStream: false });
      stream.on("error", () => {}).resume();
      stream.write(bytes);
      return stream;
    });
    expect(await statusOf(getMessage("demo", "k"))).toBe(ok);
    expect(peakMemoryMib(prism.pid)).toBeLessThan(peakMemoryMibMax);
    await Promise.all(
      streams.map((stream) => {
        const closed = once(stream, "close");
        stream.close(8);
        return closed;
      }),
    );
  });
});

describe("what only looks hostile", () => {
  test("1,100 calls that are cancelled at once do not end the session", async () => {
    const cancelledCalls = Array.from({ length: 1_100 }, async () => {
      const stream = session.request(headers, { endStream: false });
      stream.on("error", () => {});
      stream.end(getMessage("demo", "k"));
      const closed = once(stream, "close");
      stream.close(8);
      await closed;
    });
    await Promise.all(cancelledCalls);
    expect(await statusOf(getMessage("demo", "k"))).toBe(ok);
    expect(session.destroyed || session.closed).toBe(false);
    expect(await readMetric(prism.admin, "prism_connections_closed_total", 'reason="reset_flood"')).toBeUndefined();
  });

  test("a client that pings to keep its connection is left alone", async () => {
    for (let sent = 0; sent < 1_000; sent += 1) {
      await new Promise((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve(undefined))));
    }
    expect(await statusOf(getMessage("demo", "k"))).toBe(ok);
  });
});
