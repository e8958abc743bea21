import * as grpc from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { within } from "../testing/deadline.js";
import { type EchoLog, echoMethods } from "../testing/echo-methods.js";
import { temporarySocket } from "../testing/temporary-socket.js";
import { GrpcClient } from "./grpc-client.js";
import { GrpcCode } from "./grpc-code.js";
import { GrpcError } from "./grpc-error.js";
import { GrpcServer } from "./grpc-server.js";
import { headerValue } from "./header-list.js";

const bytes = (message: Buffer) => message;
const large = Buffer.alloc(4 * 1024 * 1024 - 100, 7);

describe("a @grpc/grpc-js client of GrpcServer", () => {
  const log: EchoLog = { aborted: [], onWaiting() {} };
  const methods = echoMethods(log);
  let server: GrpcServer;
  let client: grpc.Client;

  beforeAll(async () => {
    server = new GrpcServer({
      findMethod: (path) => methods[path],
      authorize: (headers) =>
        headerValue(headers, "x-forbidden") === undefined
          ? undefined
          : new GrpcError({ code: GrpcCode.PERMISSION_DENIED, message: "no" }),
    });
    const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
    client = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": -1,
    });
  });

  afterAll(async () => {
    client.close();
    await server.close();
  });

  interface Outcome {
    value?: Buffer | undefined;
    error?: grpc.ServiceError | null;
    initial?: grpc.Metadata;
    status?: grpc.StatusObject;
  }

  function unary(method: string, message: Buffer, metadata = new grpc.Metadata(), options: grpc.CallOptions = {}) {
    return new Promise<Outcome>((resolve) => {
      const outcome: Outcome = {};
      const path = `/test.Echo/${method}`;
      const call = client.makeUnaryRequest(path, bytes, bytes, message, metadata, options, (error, value) => {
        outcome.error = error;
        outcome.value = value;
      });
      call.on("metadata", (initial) => {
        outcome.initial = initial;
      });
      call.on("status", (status) => resolve({ ...outcome, status }));
    });
  }

  test.each<[string, string, Buffer]>([
    ["a small message", "Unary", Buffer.from("hello")],
    ["an empty message", "Unary", Buffer.alloc(0)],
    ["an answer that comes later", "Later", Buffer.from("later")],
    ["4 MiB", "Unary", large],
  ])("unary: %s", async (_, method, message) => {
    const { value, error } = await unary(method, message);
    expect(error).toBeNull();
    expect(value?.equals(message)).toBe(true);
  });

  test("metadata goes both ways, binary values too", async () => {
    const metadata = new grpc.Metadata();
    metadata.set("x-text", "some text");
    const { initial, status } = await unary("Metadata", Buffer.alloc(0), metadata);
    expect(initial?.get("x-initial")).toEqual(["some text"]);
    expect(status?.metadata.get("x-trailing-bin")).toEqual([Buffer.from([0, 1, 254, 255])]);
  });

  test("an error carries code, message, details and metadata", async () => {
    const { error } = await unary("Fail", Buffer.alloc(0));
    expect(error).toMatchObject({ code: grpc.status.ABORTED, details: "ça ne va pas: 100 %" });
    expect(error?.metadata.get("grpc-status-details-bin")).toEqual([Buffer.from("details")]);
    expect(error?.metadata.get("x-why")).toEqual(["test"]);
  });

  test.each<[string, string, number, string]>([
    ["an unknown method", "Nothing", grpc.status.UNIMPLEMENTED, "unknown method /test.Echo/Nothing"],
    ["a handler that throws something else", "Crash", grpc.status.INTERNAL, "the call failed unexpectedly"],
  ])("%s", async (_, method, code, details) => {
    expect((await unary(method, Buffer.alloc(0))).error).toMatchObject({ code, details });
  });

  test("a message above the limit", async () => {
    const { error } = await unary("Unary", Buffer.alloc(4 * 1024 * 1024 + 1));
    expect(error?.code).toBe(grpc.status.RESOURCE_EXHAUSTED);
  });

  test("a call that is not authorized", async () => {
    const metadata = new grpc.Metadata();
    metadata.set("x-forbidden", "1");
    expect((await unary("Unary", Buffer.alloc(0), metadata)).error?.code).toBe(grpc.status.PERMISSION_DENIED);
  });

  test("compressed messages are refused with what is accepted", async () => {
    const compressing = new grpc.Client(
      client.getChannel().getTarget().replace("dns:", ""),
      grpc.credentials.createInsecure(),
      {
        "grpc.default_compression_algorithm": 2,
      },
    );
    const error = await new Promise<grpc.ServiceError | null>((resolve) => {
      compressing.makeUnaryRequest("/test.Echo/Unary", bytes, bytes, Buffer.alloc(1000), (e) => resolve(e));
    });
    compressing.close();
    expect(error?.code).toBe(grpc.status.UNIMPLEMENTED);
  });

  test("a deadline ends the call and aborts the handler", async () => {
    log.aborted.length = 0;
    const { error } = await unary("Wait", Buffer.alloc(0), undefined, { deadline: Date.now() + 50 });
    expect(error?.code).toBe(grpc.status.DEADLINE_EXCEEDED);
    await within(
      1000,
      "the abort",
      until(() => log.aborted.length === 1),
    );
  });

  test("cancelling aborts the handler", async () => {
    log.aborted.length = 0;
    const waiting = new Promise<void>((resolve) => {
      log.onWaiting = resolve;
    });
    const call = client.makeUnaryRequest("/test.Echo/Wait", bytes, bytes, Buffer.alloc(0), () => {});
    await waiting;
    call.cancel();
    await within(
      1000,
      "the abort",
      until(() => log.aborted.length === 1),
    );
    expect(log.aborted[0]?.code).toBe(GrpcCode.CANCELLED);
  });

  test("client streaming", async () => {
    const count = await new Promise<Buffer | undefined>((resolve, reject) => {
      const call = client.makeClientStreamRequest("/test.Echo/Count", bytes, bytes, (error, value) =>
        error ? reject(error) : resolve(value),
      );
      for (let i = 0; i < 100; i++) call.write(Buffer.alloc(20_000));
      call.end();
    });
    expect(count?.toString()).toBe("2000000");
  });

  test("server streaming, to a reader slower than the writer", async () => {
    const call = client.makeServerStreamRequest("/test.Echo/Produce", bytes, bytes, Buffer.from("200 20000"));
    let received = 0;
    for await (const message of call) {
      expect(message[0]).toBe(received++ % 256);
      await new Promise(setImmediate);
    }
    expect(received).toBe(200);
  });

  test("bidirectional streaming, one at a time", async () => {
    const call = client.makeBidiStreamRequest("/test.Echo/Bidi", bytes, bytes);
    const answers = call[Symbol.asyncIterator]();
    for (let i = 0; i < 50; i++) {
      call.write(Buffer.from(`message ${i}`));
      expect((await answers.next()).value.toString()).toBe(`message ${i}`);
    }
    call.end();
    expect((await answers.next()).done).toBe(true);
  });

  test("a handler that returns before the caller is done ends the call well", async () => {
    const call = client.makeBidiStreamRequest("/test.Echo/FirstOnly", bytes, bytes);
    const status = new Promise<grpc.StatusObject>((resolve) => call.on("status", resolve));
    const received: string[] = [];
    call.on("data", (message: Buffer) => received.push(message.toString()));
    call.on("error", () => {});
    call.write(Buffer.from("a"));
    expect((await within(1000, "the status", status)).code).toBe(grpc.status.OK);
    expect(received).toEqual(["a"]);
  });
});

describe("GrpcClient of a @grpc/grpc-js server", () => {
  let server: grpc.Server;
  let client: GrpcClient;
  let cancelled = 0;

  const method = (path: string, requestStream: boolean, responseStream: boolean) => ({
    path: `/test.Echo/${path}`,
    requestStream,
    responseStream,
    requestSerialize: bytes,
    requestDeserialize: bytes,
    responseSerialize: bytes,
    responseDeserialize: bytes,
  });

  const service = {
    Unary: method("Unary", false, false),
    Fail: method("Fail", false, false),
    Metadata: method("Metadata", false, false),
    Wait: method("Wait", false, false),
    Count: method("Count", true, false),
    Produce: method("Produce", false, true),
    Bidi: method("Bidi", true, true),
  };

  const implementation: grpc.UntypedServiceImplementation = {
    Unary: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) =>
      answer(null, call.request),
    Fail: (_call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
      const metadata = new grpc.Metadata();
      metadata.set("grpc-status-details-bin", Buffer.from("details"));
      metadata.set("x-why-bin", Buffer.from([1, 2, 255]));
      answer({ code: grpc.status.NOT_FOUND, details: "où ça? 100 %", metadata });
    },
    Metadata: (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
      const sent = [call.metadata.get("x-text")[0], call.metadata.get("x-client")[0]];
      answer(null, Buffer.concat([Buffer.from(sent.join(" ")), call.metadata.get("x-some-bin")[0] as Buffer]));
    },
    Wait: (call: grpc.ServerUnaryCall<Buffer, Buffer>) => {
      call.on("cancelled", () => cancelled++);
    },
    Count: (call: grpc.ServerReadableStream<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>) => {
      let total = 0;
      call.on("data", (message: Buffer) => {
        total += message.length;
      });
      call.on("end", () => answer(null, Buffer.from(String(total))));
    },
    Produce: (call: grpc.ServerWritableStream<Buffer, Buffer>) => {
      const [count, size] = call.request.toString().split(" ").map(Number);
      for (let i = 0; i < count!; i++) call.write(Buffer.alloc(size!, i));
      call.end();
    },
    Bidi: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      call.on("data", (message: Buffer) => call.write(message));
      call.on("end", () => call.end());
    },
  };

  beforeAll(async () => {
    server = new grpc.Server({ "grpc.max_receive_message_length": -1 });
    server.addService(service, implementation);
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      );
    });
    client = await GrpcClient.connect({ host: "127.0.0.1", port }, { metadata: [["x-client", "prism"]] });
  });

  afterAll(async () => {
    client.connection.destroy();
    await client.closed;
    server.forceShutdown();
  });

  test.each<[string, Buffer]>([
    ["a small message", Buffer.from("hello")],
    ["an empty message", Buffer.alloc(0)],
    ["4 MiB", large],
  ])("unary: %s", async (_, message) => {
    expect(Buffer.from(await client.unary("/test.Echo/Unary", message)).equals(message)).toBe(true);
  });

  test("an error carries code, message, details and metadata", async () => {
    const error = (await client.unary("/test.Echo/Fail", Buffer.alloc(0)).catch((e) => e)) as GrpcError;
    expect(error).toBeInstanceOf(GrpcError);
    expect(error).toMatchObject({ code: GrpcCode.NOT_FOUND, message: "où ça? 100 %" });
    expect(Buffer.from(error.details!).toString()).toBe("details");
    expect(error.metadata).toEqual(expect.arrayContaining([["x-why-bin", Buffer.from([1, 2, 255])]]));
  });

  test("metadata of the client and of the call arrive", async () => {
    const metadata = [
      ["x-text", "text"],
      ["x-some-bin", Buffer.from([33])],
    ] as const;
    const answer = await client.unary("/test.Echo/Metadata", Buffer.alloc(0), { metadata });
    expect(Buffer.from(answer).toString()).toBe("text prism!");
  });

  test("an unknown method is UNIMPLEMENTED", async () => {
    await expect(client.unary("/test.Echo/Nothing", Buffer.alloc(0))).rejects.toMatchObject({
      code: GrpcCode.UNIMPLEMENTED,
    });
  });

  test("a deadline is sent and enforced", async () => {
    cancelled = 0;
    const call = client.unary("/test.Echo/Wait", Buffer.alloc(0), { timeoutMs: 50 });
    await expect(call).rejects.toMatchObject({ code: GrpcCode.DEADLINE_EXCEEDED });
    await within(
      1000,
      "the cancel",
      until(() => cancelled === 1),
    );
  });

  test("an AbortSignal cancels the call", async () => {
    cancelled = 0;
    const controller = new AbortController();
    const call = client.unary("/test.Echo/Wait", Buffer.alloc(0), { signal: controller.signal });
    await client.unary("/test.Echo/Unary", Buffer.alloc(0));
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: GrpcCode.CANCELLED });
    await within(
      1000,
      "the cancel",
      until(() => cancelled === 1),
    );
  });

  test("client streaming", async () => {
    const call = client.stream("/test.Echo/Count");
    for (let i = 0; i < 100; i++) if (!call.write(Buffer.alloc(20_000))) await call.writable();
    call.end();
    expect(await collect(call.messages())).toEqual(["2000000"]);
  });

  test("server streaming", async () => {
    const call = client.stream("/test.Echo/Produce");
    call.write(Buffer.from("200 20000"));
    call.end();
    let received = 0;
    for await (const message of call.messages()) expect(message[0]).toBe(received++ % 256);
    expect(received).toBe(200);
  });

  test("bidirectional streaming, then cancelled", async () => {
    const call = client.stream("/test.Echo/Bidi");
    const answers = call.messages()[Symbol.asyncIterator]();
    for (let i = 0; i < 50; i++) {
      call.write(Buffer.from(`message ${i}`));
      expect(Buffer.from((await answers.next()).value).toString()).toBe(`message ${i}`);
    }
    expect(headerValue(await call.headers, ":status")).toBe("200");
    call.cancel();
    await expect(answers.next()).rejects.toMatchObject({ code: GrpcCode.CANCELLED });
    await expect(call.writable()).rejects.toMatchObject({ code: GrpcCode.CANCELLED });
  });
});

describe("GrpcClient of GrpcServer over a Unix socket", () => {
  const socket = temporarySocket();
  const log: EchoLog = { aborted: [], onWaiting() {} };
  const methods = echoMethods(log);
  const newServer = () => new GrpcServer({ findMethod: (path) => methods[path], maxMessageBytes: 128 * 1024 * 1024 });
  const server = newServer();
  let client: GrpcClient;

  beforeAll(async () => {
    await server.listen({ path: socket.path });
    client = await GrpcClient.connect({ path: socket.path }, { maxMessageBytes: 128 * 1024 * 1024 });
  });

  afterAll(async () => {
    client.connection.destroy();
    await server.close();
    socket.remove();
  });

  test("64 MiB in one message there and back", async () => {
    const message = Buffer.alloc(64 * 1024 * 1024, 3);
    const answer = await within(10_000, "64 MiB", client.unary("/test.Echo/Unary", message));
    expect(Buffer.from(answer.buffer, answer.byteOffset, answer.length).equals(message)).toBe(true);
  });

  test("64 MiB in 2 MiB messages each way, no more than windows in between", async () => {
    const call = client.stream("/test.Echo/Bidi");
    const chunk = Buffer.alloc(2 * 1024 * 1024, 5);
    const writing = (async () => {
      for (let i = 0; i < 32; i++) if (!call.write(chunk)) await call.writable();
      call.end();
    })();
    let total = 0;
    for await (const message of call.messages()) total += message.length;
    await writing;
    expect(total).toBe(64 * 1024 * 1024);
  });

  test("a reader that does not read blocks its own call only, and the writer hears of it", async () => {
    const slow = client.stream("/test.Echo/Produce");
    slow.write(Buffer.from("1000 100000"));
    slow.end();
    const first = slow.messages()[Symbol.asyncIterator]();
    await first.next();
    for (let i = 0; i < 20; i++) await client.unary("/test.Echo/Unary", Buffer.alloc(100_000));
    let rest = 1;
    for (let next = await first.next(); next.done !== true; next = await first.next()) rest++;
    expect(rest).toBe(1000);
  });

  test("a deadline aborts the handler of a stream and tells the caller", async () => {
    log.aborted.length = 0;
    const call = client.stream("/test.Echo/WaitStream", { timeoutMs: 30 });
    await expect(collect(call.messages())).rejects.toMatchObject({ code: GrpcCode.DEADLINE_EXCEEDED });
    await within(
      1000,
      "the abort",
      until(() => log.aborted.length === 1),
    );
  });

  test.each([0, -5])("a deadline of %i ms is past before the call begins", async (timeoutMs) => {
    const call = client.unary("/test.Echo/Unary", Buffer.alloc(0), { timeoutMs });
    await expect(call).rejects.toMatchObject({ code: GrpcCode.DEADLINE_EXCEEDED });
  });

  test("a ping comes back", async () => {
    expect(await client.ping(1000)).toBeGreaterThan(0);
  });

  test("drain lets calls in flight finish, refuses new ones and tells how many", async () => {
    const own = temporarySocket();
    const draining = newServer();
    await draining.listen({ path: own.path });
    const caller = await GrpcClient.connect({ path: own.path });
    const call = caller.stream("/test.Echo/Bidi");
    call.write(Buffer.from("before"));
    const answers = call.messages()[Symbol.asyncIterator]();
    await answers.next();
    const drained = draining.drain(5000);
    await within(
      1000,
      "the GOAWAY",
      until(() => !caller.isOpen),
    );
    await expect(caller.unary("/test.Echo/Unary", Buffer.alloc(0))).rejects.toMatchObject({
      code: GrpcCode.UNAVAILABLE,
    });
    call.write(Buffer.from("after"));
    expect(Buffer.from((await answers.next()).value).toString()).toBe("after");
    call.end();
    expect((await answers.next()).done).toBe(true);
    expect(await drained).toEqual({ completed: 1, aborted: 0 });
    expect(await caller.closed).toBeUndefined();
    own.remove();
  });

  test("drain aborts what is left after the grace with UNAVAILABLE", async () => {
    const own = temporarySocket();
    const draining = newServer();
    await draining.listen({ path: own.path });
    const caller = await GrpcClient.connect({ path: own.path });
    const waiting = new Promise<void>((resolve) => {
      log.onWaiting = resolve;
    });
    const call = caller.unary("/test.Echo/Wait", Buffer.alloc(0));
    const failed = expect(call).rejects.toMatchObject({
      code: GrpcCode.UNAVAILABLE,
      message: "the server is shutting down",
    });
    await waiting;
    expect(await draining.drain(20)).toEqual({ completed: 0, aborted: 1 });
    await failed;
    own.remove();
  });

  test("a lost connection makes calls in flight UNAVAILABLE and says so", async () => {
    const own = temporarySocket();
    const dying = newServer();
    await dying.listen({ path: own.path });
    const caller = await GrpcClient.connect({ path: own.path });
    const waiting = new Promise<void>((resolve) => {
      log.onWaiting = resolve;
    });
    const call = caller.unary("/test.Echo/Wait", Buffer.alloc(0));
    const failed = expect(call).rejects.toMatchObject({ code: GrpcCode.UNAVAILABLE });
    await waiting;
    await dying.close();
    await failed;
    await caller.closed;
    await expect(caller.unary("/test.Echo/Unary", Buffer.alloc(0))).rejects.toMatchObject({
      code: GrpcCode.UNAVAILABLE,
    });
    own.remove();
  });

  test("connecting to nothing is UNAVAILABLE, giving up is CANCELLED", async () => {
    await expect(GrpcClient.connect({ path: "/nowhere/at/all" })).rejects.toMatchObject({ code: GrpcCode.UNAVAILABLE });
    const signal = AbortSignal.abort();
    await expect(GrpcClient.connect({ path: socket.path }, { signal })).rejects.toMatchObject({
      code: GrpcCode.CANCELLED,
    });
  });

  test("a server that never speaks is UNAVAILABLE after the connect timeout", async () => {
    const { createServer } = await import("node:net");
    const own = temporarySocket();
    const mute = createServer(() => {}).listen(own.path);
    const call = GrpcClient.connect({ path: own.path }, { connectTimeoutMs: 30 });
    await expect(call).rejects.toMatchObject({ code: GrpcCode.UNAVAILABLE });
    mute.close();
    own.remove();
  });
});

async function collect(messages: AsyncIterable<Uint8Array>): Promise<string[]> {
  const texts: string[] = [];
  for await (const message of messages) texts.push(Buffer.from(message).toString());
  return texts;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}
