import { Client, credentials, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import { keyvalue } from "@prism-data/pattern-sdk/protocol";
import { GrpcError } from "@prism-data/transport";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestBench, unary, until } from "./test-bench.js";

// The same front door, through a client that is not ours.

const service = "/prism.keyvalue.v1.KeyValueService";
const echo = "/acme.echo.v1.EchoService/Chat";
const asIs = (bytes: Buffer) => bytes;
const request = Buffer.from(keyvalue.GetRequest.encode({ namespace: "demo", key: "k" }).finish());

let bench: TestBench;
let client: Client;
let aborted: PromiseWithResolvers<void>;

beforeEach(async () => {
  bench = new TestBench();
  aborted = Promise.withResolvers();
  bench.route({ demo: {} }, { "acme.echo.v1.EchoService": "store" });
  await bench.plugin({
    [`${service}/Get`]: unary((message, call) => {
      call.setTrailers([["x-end-bin", new Uint8Array([1, 2, 3])]]);
      return message;
    }),
    [`${service}/Set`]: unary((_message, call) => {
      call.signal.addEventListener("abort", () => aborted.resolve());
      return new Promise(() => {});
    }),
    [`${service}/Delete`]: unary(() => {
      throw new GrpcError({ code: status.ABORTED, message: "größe", details: new Uint8Array([8, 10]) });
    }),
    [`${service}/Watch`]: {
      kind: "stream",
      async handle(call) {
        for (let n = 0; n < 500; n += 1) if (!call.write(Buffer.alloc(10_000, n % 256))) await call.writable();
      },
    },
    [echo]: {
      kind: "stream",
      async handle(call) {
        for await (const message of call.messages()) call.write(Buffer.from(message));
      },
    },
  });
  await bench.listen();
  client = new Client(`127.0.0.1:${bench.port}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await bench.close();
});

function call(method: string, options: { deadline?: number } = {}): Promise<{ answer: Buffer; trailers: Metadata }> {
  return new Promise((resolve, reject) => {
    let answer: Buffer | undefined;
    const made = client.makeUnaryRequest(
      `${service}/${method}`,
      asIs,
      asIs,
      request,
      new Metadata(),
      options,
      (error, value) => {
        if (error !== null) reject(error);
        answer = value;
      },
    );
    made.on("status", ({ metadata }) => answer !== undefined && resolve({ answer, trailers: metadata }));
  });
}

test("a unary call comes back with its trailers", async () => {
  const { answer, trailers } = await call("Get");
  expect(answer).toEqual(request);
  expect(trailers.get("x-end-bin")).toEqual([Buffer.from([1, 2, 3])]);
});

test("a failure keeps code, text and details", async () => {
  const error: ServiceError = await call("Delete").catch((thrown) => thrown);
  expect(error).toMatchObject({ code: status.ABORTED, details: "größe" });
  expect(error.metadata.get("grpc-status-details-bin")).toEqual([Buffer.from([8, 10])]);
});

test("a deadline ends the call and reaches the plugin", async () => {
  await expect(call("Set", { deadline: Date.now() + 500 })).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
  await aborted.promise;
});

test("a cancelled call is cancelled at the plugin", async () => {
  const made = client.makeUnaryRequest(`${service}/Set`, asIs, asIs, request, () => {});
  await until(() => bench.dataPath.callsInFlight === 1);
  made.cancel();
  await aborted.promise;
});

test("a server stream arrives whole", async () => {
  const messages = await client.makeServerStreamRequest(`${service}/Watch`, asIs, asIs, request).toArray();
  expect(messages).toHaveLength(500);
  expect(messages.every((message: Buffer, n: number) => message.length === 10_000 && message[0] === n % 256)).toBe(
    true,
  );
});

test("a stream both ways carries what is written, in order", async () => {
  const stream = client.makeBidiStreamRequest(echo, asIs, asIs);
  const sent = Array.from({ length: 200 }, (_, n) => Buffer.alloc(n * 100, n));
  for (const message of sent) stream.write(message);
  stream.end();
  expect(await stream.toArray()).toEqual(sent);
});
