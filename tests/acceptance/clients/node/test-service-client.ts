// Calls grpc.testing.TestService as an app on Node.js would: @grpc/grpc-js.
//
// Usage: test-service-client.ts ADDRESS CASE; see real-clients.test.ts. Exits 0 when the case passes.
import assert from "node:assert/strict";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
  type StatusObject,
  status,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

interface Answer {
  readonly payload: { readonly body: Buffer } | null;
}

const proto = fileURLToPath(new URL("../../protos/test_service.proto", import.meta.url));
const { grpc } = loadPackageDefinition(loadSync(proto)) as { grpc: { testing: GrpcObject } };
const TestService = grpc.testing.TestService as ServiceClientConstructor;

// The default limit of a message, less what stands around the payload.
const largeBytes = 4 * 1024 * 1024 - 64;
const sizes = [31_415, 9, 2_653, 58_979];
const keepaliveIntervalMs = 100;
// Many intervals.
const silenceMs = 1_500;
const deadlineMs = 300;
const callTimeoutMs = 20_000;
// Several ages of the test's connections.
const longLifeMs = 3_000;

const [address = "", name = ""] = process.argv.slice(2);
// grpc-js drops the calls of a connection that was asked to end when the next ping is due there: only one case pings.
const options = name === "keepalive" ? { "grpc.keepalive_time_ms": keepaliveIntervalMs } : {};
const client = new TestService(address, credentials.createInsecure(), options);

const payload = (sizeBytes: number) => ({ body: Buffer.alloc(sizeBytes) });
const output = (...wanted: number[]) => ({ responseParameters: wanted.map((size) => ({ size })) });
const sizeOf = ({ payload }: Answer) => payload?.body.length ?? 0;
const expiry = (timeoutMs = callTimeoutMs) => ({ deadline: Date.now() + timeoutMs });

function unary<T>(method: string, request: object): Promise<T> {
  return new Promise((resolve, reject) => {
    client[method]?.(request, expiry(), (error: Error | null, answer: T) => (error ? reject(error) : resolve(answer)));
  });
}

function chat(metadata = new Metadata(), timeoutMs = callTimeoutMs): ClientDuplexStream<object, Answer> {
  return client.FullDuplexCall?.(metadata, expiry(timeoutMs)) as ClientDuplexStream<object, Answer>;
}

async function sizesOf(answers: ClientReadableStream<Answer>): Promise<number[]> {
  const seen: number[] = [];
  for await (const answer of answers) seen.push(sizeOf(answer));
  return seen;
}

async function echoOf(sizeBytes: number): Promise<void> {
  const answer = await unary<Answer>("UnaryCall", { responseSize: sizeBytes, payload: payload(sizeBytes) });
  assert.equal(sizeOf(answer), sizeBytes);
}

/** Ends an open call, which must have gone well. */
async function endWell(call: ClientDuplexStream<object, Answer>): Promise<void> {
  const ended = once(call, "status") as Promise<[StatusObject]>;
  call.end();
  const [{ code }] = await ended;
  assert.equal(code, status.OK);
}

/** Asks for one answer on an open call and takes it. */
async function askOne(call: ClientDuplexStream<object, Answer>, sizeBytes: number): Promise<void> {
  call.write(output(sizeBytes));
  const [answer] = await once(call, "data");
  assert.equal(sizeOf(answer), sizeBytes);
}

const cases: Record<string, () => Promise<void>> = {
  unary: () => echoOf(1_000),
  large_messages: () => echoOf(largeBytes),
  async server_streaming() {
    assert.deepEqual(await sizesOf(client.StreamingOutputCall?.(output(...sizes), expiry())), sizes);
  },
  async client_streaming() {
    const answer = Promise.withResolvers<{ aggregatedPayloadSize: number }>();
    const call = client.StreamingInputCall?.(expiry(), (error: Error | null, received: never) =>
      error ? answer.reject(error) : answer.resolve(received),
    );
    for (const size of sizes) call.write({ payload: payload(size) });
    call.end();
    const sum = sizes.reduce((left, right) => left + right);
    assert.equal((await answer.promise).aggregatedPayloadSize, sum);
  },
  async bidi_streaming() {
    const call = chat();
    for (const size of sizes) await askOne(call, size);
    await endWell(call);
  },
  async deadline() {
    await assert.rejects(sizesOf(chat(new Metadata(), deadlineMs)), { code: status.DEADLINE_EXCEEDED });
  },
  async cancellation() {
    const call = chat();
    await askOne(call, 1);
    const failed = assert.rejects(sizesOf(call), { code: status.CANCELLED });
    call.cancel();
    await failed;
    await unary("EmptyCall", {});
  },
  async binary_metadata() {
    const bytes = Buffer.from([0, 1, 10, 13, 127, 128, 254, 255]);
    const metadata = new Metadata();
    metadata.set("x-grpc-test-echo-initial", "text");
    metadata.set("x-grpc-test-echo-trailing-bin", bytes);
    const call = chat(metadata);
    const header = once(call, "metadata") as Promise<[Metadata]>;
    const end = once(call, "status") as Promise<[StatusObject]>;
    await askOne(call, 1);
    call.end();
    assert.deepEqual((await header)[0].get("x-grpc-test-echo-initial"), ["text"]);
    assert.deepEqual((await end)[0].metadata.get("x-grpc-test-echo-trailing-bin"), [bytes]);
  },
  async keepalive() {
    const call = chat();
    await delay(silenceMs);
    await askOne(call, 1);
    // With a connection that is being closed, the next ping would end a call that has not.
    await endWell(call);
  },
  async connection_age() {
    const untilMs = Date.now() + longLifeMs;
    while (Date.now() < untilMs) await unary("EmptyCall", {});
  },
};

await cases[name]?.();
client.close();
