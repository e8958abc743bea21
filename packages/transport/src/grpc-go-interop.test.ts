// grpc's interop suite (grpc/doc/interop-test-descriptions.md): grpc-go's client with GrpcServer, GrpcClient with grpc-go's server.
//
// Left out, on both sides: *_creds, *_credentials and oauth2_auth_token ask for Google's accounts; pick_first_unary for several
// servers; orca_* for ORCA load reports; client_compressed_*, server_compressed_* and cacheable_unary are not in grpc-go's client,
// and Prism's transport does not compress; they run through the proxy, with grpc-java's client.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type InteropServer, runInteropClient, startInteropServer } from "../testing/grpc-go.js";
import * as messages from "../testing/grpc-testing-messages.js";
import { testServiceMethods } from "../testing/test-service.js";
import { GrpcClient } from "./grpc-client.js";
import { GrpcCode } from "./grpc-code.js";
import { metadataOf } from "./grpc-metadata.js";
import { GrpcServer } from "./grpc-server.js";

const service = "/grpc.testing.TestService";
const { empty, payloadOf, simpleRequest, simpleResponse, streamingInputRequest, streamingInputResponse } = messages;
const { streamingOutputRequest, streamingOutputResponse } = messages;

describe("grpc-go's interop client of GrpcServer", () => {
  const server = new GrpcServer({ findMethod: (path) => testServiceMethods[path] });
  let port = 0;
  beforeAll(async () => {
    ({ port = 0 } = await server.listen({ host: "127.0.0.1", port: 0 }));
  });
  afterAll(() => server.close());

  test.each([
    "empty_unary",
    "large_unary",
    "client_streaming",
    "server_streaming",
    "ping_pong",
    "empty_stream",
    "timeout_on_sleeping_server",
    "cancel_after_begin",
    "cancel_after_first_response",
    "status_code_and_message",
    "special_status_message",
    "custom_metadata",
    "unimplemented_method",
    "unimplemented_service",
  ])("%s passes", async (name) => {
    expect(await runInteropClient(port, name)).toMatchObject({ code: 0 });
  });

  test.each([
    ["rpc_soak", 500],
    ["channel_soak", 200],
  ])("%s with %i calls passes", async (name, calls) => {
    const soak = [`--soak_iterations=${calls}`, "--soak_num_threads=4", "--soak_overall_timeout_seconds=25"];
    expect(await runInteropClient(port, name, ...soak)).toMatchObject({ code: 0 });
  });

  test("no call is left behind", () => {
    expect(server.callsOpen).toBe(0);
  });
});

describe("GrpcClient of grpc-go's interop server", () => {
  let server: InteropServer;
  let client: GrpcClient;
  beforeAll(async () => {
    server = await startInteropServer();
    client = await GrpcClient.connect({ host: "127.0.0.1", port: server.port });
  });
  afterAll(async () => {
    await client?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const outputOf = (...sizes: number[]) => sizes.map((size) => ({ size }));
  const responseStatus = { code: GrpcCode.UNKNOWN, message: "test status message" };
  const special = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
  const trailing = Buffer.from([10, 11, 10, 11, 10, 11]);
  const echoed = [
    ["x-grpc-test-echo-initial", "test_initial_metadata_value"],
    ["x-grpc-test-echo-trailing-bin", trailing],
  ] as const;

  /** The sizes of what comes on a streaming call. */
  async function sizesOf(answers: AsyncIterable<Uint8Array>): Promise<(number | undefined)[]> {
    const sizes = [];
    for await (const answer of answers) sizes.push(streamingOutputResponse.decode(answer).payload?.body.length);
    return sizes;
  }

  async function expectEchoed(call: ReturnType<GrpcClient["stream"]>): Promise<void> {
    for await (const _ of call.messages());
    expect(metadataOf(await call.headers)).toContainEqual(echoed[0]);
    expect(metadataOf(await call.trailers)).toContainEqual(echoed[1]);
  }

  const cases: [name: string, run: () => Promise<void>][] = [
    [
      "empty_unary",
      async () => {
        expect(await client.unary(`${service}/EmptyCall`, empty)).toHaveLength(0);
      },
    ],
    [
      "large_unary",
      async () => {
        const request = simpleRequest.encode({ responseSize: 314_159, payload: payloadOf(271_828) });
        const answer = simpleResponse.decode(await client.unary(`${service}/UnaryCall`, request));
        expect(answer.payload?.body).toHaveLength(314_159);
      },
    ],
    [
      "client_streaming",
      async () => {
        const call = client.stream(`${service}/StreamingInputCall`);
        for (const size of [27_182, 8, 1_828, 45_904])
          call.write(streamingInputRequest.encode({ payload: payloadOf(size) }));
        call.end();
        const { value } = await call.messages()[Symbol.asyncIterator]().next();
        expect(streamingInputResponse.decode(value)).toEqual({ aggregatedPayloadSize: 74_922 });
      },
    ],
    [
      "server_streaming",
      async () => {
        const call = client.stream(`${service}/StreamingOutputCall`);
        const sizes = [31_415, 9, 2_653, 58_979];
        call.write(streamingOutputRequest.encode({ responseParameters: outputOf(...sizes) }));
        call.end();
        expect(await sizesOf(call.messages())).toEqual(sizes);
      },
    ],
    [
      "ping_pong",
      async () => {
        const call = client.stream(`${service}/FullDuplexCall`);
        const answers = call.messages()[Symbol.asyncIterator]();
        for (const [sent, asked] of [
          [27_182, 31_415],
          [8, 9],
          [1_828, 2_653],
          [45_904, 58_979],
        ] as const) {
          const request = { payload: payloadOf(sent), responseParameters: outputOf(asked) };
          call.write(streamingOutputRequest.encode(request));
          const { value } = await answers.next();
          expect(streamingOutputResponse.decode(value).payload?.body).toHaveLength(asked);
        }
        call.end();
        expect(await answers.next()).toMatchObject({ done: true });
      },
    ],
    [
      "empty_stream",
      async () => {
        const call = client.stream(`${service}/FullDuplexCall`);
        call.end();
        expect(await sizesOf(call.messages())).toEqual([]);
      },
    ],
    [
      "timeout_on_sleeping_server",
      async () => {
        const call = client.stream(`${service}/FullDuplexCall`, { timeoutMs: 1 });
        call.write(streamingOutputRequest.encode({ payload: payloadOf(27_182) }));
        await expect(sizesOf(call.messages())).rejects.toMatchObject({ code: GrpcCode.DEADLINE_EXCEEDED });
      },
    ],
    [
      "cancel_after_begin",
      async () => {
        const call = client.stream(`${service}/StreamingInputCall`);
        call.cancel();
        await expect(sizesOf(call.messages())).rejects.toMatchObject({ code: GrpcCode.CANCELLED });
      },
    ],
    [
      "cancel_after_first_response",
      async () => {
        const call = client.stream(`${service}/FullDuplexCall`);
        const request = { payload: payloadOf(27_182), responseParameters: outputOf(31_415) };
        call.write(streamingOutputRequest.encode(request));
        const answers = call.messages()[Symbol.asyncIterator]();
        expect(await answers.next()).toMatchObject({ done: false });
        call.cancel();
        await expect(answers.next()).rejects.toMatchObject({ code: GrpcCode.CANCELLED });
      },
    ],
    [
      "status_code_and_message",
      async () => {
        const unary = client.unary(`${service}/UnaryCall`, simpleRequest.encode({ responseStatus }));
        await expect(unary).rejects.toMatchObject(responseStatus);
        const call = client.stream(`${service}/FullDuplexCall`);
        call.write(streamingOutputRequest.encode({ responseStatus }));
        call.end();
        await expect(sizesOf(call.messages())).rejects.toMatchObject(responseStatus);
      },
    ],
    [
      "special_status_message",
      async () => {
        const request = simpleRequest.encode({ responseStatus: { code: GrpcCode.UNKNOWN, message: special } });
        const call = client.unary(`${service}/UnaryCall`, request);
        await expect(call).rejects.toMatchObject({ code: GrpcCode.UNKNOWN, message: special });
      },
    ],
    [
      "custom_metadata",
      async () => {
        const unary = client.stream(`${service}/UnaryCall`, { metadata: echoed });
        unary.write(simpleRequest.encode({ responseSize: 1, payload: payloadOf(1) }));
        unary.end();
        await expectEchoed(unary);
        const call = client.stream(`${service}/FullDuplexCall`, { metadata: echoed });
        call.write(streamingOutputRequest.encode({ payload: payloadOf(1), responseParameters: outputOf(1) }));
        call.end();
        await expectEchoed(call);
      },
    ],
    [
      "unimplemented_method",
      async () => {
        const call = client.unary(`${service}/UnimplementedCall`, empty);
        await expect(call).rejects.toMatchObject({ code: GrpcCode.UNIMPLEMENTED });
      },
    ],
    [
      "unimplemented_service",
      async () => {
        const call = client.unary("/grpc.testing.UnimplementedService/UnimplementedCall", empty);
        await expect(call).rejects.toMatchObject({ code: GrpcCode.UNIMPLEMENTED });
      },
    ],
    [
      "rpc_soak with 500 calls by four callers",
      async () => {
        const request = simpleRequest.encode({ responseSize: 314_159, payload: payloadOf(271_828) });
        await Promise.all(
          Array.from({ length: 4 }, async () => {
            for (let i = 0; i < 125; i++) await client.unary(`${service}/UnaryCall`, request);
          }),
        );
        expect(client.isOpen).toBe(true);
      },
    ],
  ];

  test.each(cases)("%s passes", (_, run) => run());

  test("messages of 4 MiB both ways, 20 at once", async () => {
    const largeBytes = 4 * 1024 * 1024 - 64;
    const request = simpleRequest.encode({ responseSize: largeBytes, payload: payloadOf(largeBytes) });
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.unary(`${service}/UnaryCall`, request)));
    const sizes = answers.map((answer) => simpleResponse.decode(answer).payload?.body.length);
    expect(sizes).toEqual(answers.map(() => largeBytes));
  });

  test("500 calls at once", async () => {
    const answers = await Promise.all(Array.from({ length: 500 }, () => client.unary(`${service}/EmptyCall`, empty)));
    expect(answers).toHaveLength(500);
  });
});

test("GOAWAY of grpc-go's server lets the open call finish and begins no other", async () => {
  await using server = await startInteropServer();
  const client = await GrpcClient.connect({ host: "127.0.0.1", port: server.port });
  const call = client.stream(`${service}/FullDuplexCall`);
  const answers = call.messages()[Symbol.asyncIterator]();
  const ask = () => call.write(streamingOutputRequest.encode({ responseParameters: [{ size: 1 }] }));
  ask();
  await answers.next();
  server.drain();
  await expect.poll(() => client.isOpen, { timeout: 10_000 }).toBe(false);
  const refused = client.unary(`${service}/EmptyCall`, empty);
  await expect(refused).rejects.toMatchObject({ code: GrpcCode.UNAVAILABLE });
  ask();
  expect(await answers.next()).toMatchObject({ done: false });
  call.end();
  expect(await answers.next()).toMatchObject({ done: true });
  expect(await client.closed).toBeUndefined();
});
