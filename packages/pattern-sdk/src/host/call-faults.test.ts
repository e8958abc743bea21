import { frameMessage, type HeaderList, headerValue, statusOfTrailers } from "@prism-data/transport";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WatchRequest } from "../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../protocol/message.js";
import { gatewayErrorOf } from "../protocol/status.js";
import { type RunningTiny, runTinyPlugin } from "./plugin.fixture.js";

const get = "/prism.keyvalue.v1.KeyValueService/Get";
const watch = "/prism.keyvalue.v1.KeyValueService/Watch";

let tiny: RunningTiny;
beforeEach(async () => {
  tiny = await runTinyPlugin();
  await tiny.serve(["demo"]);
});
afterEach(async () => {
  await tiny[Symbol.asyncDispose]();
});

/** Sends headers and bytes as they are given, and answers the headers that carry the status. */
function statusOf(path: string, headers: HeaderList, body: Buffer): Promise<HeaderList> {
  const { promise, resolve, reject } = Promise.withResolvers<HeaderList>();
  const request = [":method", "POST", ":scheme", "http", ":authority", "localhost", ":path", path];
  request.push("te", "trailers", "content-type", "application/grpc", "authorization", "Bearer the-token");
  const stream = tiny.client.connection.request([...request, ...headers], false, {
    onHeaders: (answer, ended) => ended && resolve(answer),
    onData: () => {},
    onTrailers: resolve,
    onWritable: () => {},
    onReset: (code) => reject(new Error(`reset with ${code}`)),
  });
  stream.sendData(body, true);
  return promise;
}

const nothing = Buffer.alloc(0);
const prefix = (flag: number, sizeBytes: number) => Buffer.from([flag, ...Buffer.from([0, 0, 0, 0]).fill(sizeBytes)]);
const watchRequest = frameMessage(encodeMessage(WatchRequest, { namespace: "demo", prefix: "" }));

test.each<[string, string, HeaderList, Buffer, string]>([
  ["an unknown method", "/acme.v1.Service/Do", [], nothing, "METHOD_NOT_FOUND"],
  ["a deadline that has passed on arrival", get, ["grpc-timeout", "0m"], nothing, "DEADLINE_EXCEEDED"],
  ["a deadline that passes in the handler", watch, ["grpc-timeout", "20m"], watchRequest, "DEADLINE_EXCEEDED"],
  ["a malformed deadline", get, ["grpc-timeout", "soon"], nothing, "MALFORMED_MESSAGE"],
  ["an announced compression", get, ["grpc-encoding", "gzip"], nothing, "COMPRESSION_UNSUPPORTED"],
  ["a compressed message", get, [], prefix(1, 0), "COMPRESSION_UNSUPPORTED"],
  ["a compressed message of a stream", watch, [], prefix(1, 0), "COMPRESSION_UNSUPPORTED"],
  ["a message over the limit", get, [], prefix(0, 0x7f), "MESSAGE_TOO_LARGE"],
  ["a message over the limit of a stream", watch, [], prefix(0, 0x7f), "MESSAGE_TOO_LARGE"],
  ["a message that is cut off", get, [], prefix(0, 0).fill(9, 4), "MALFORMED_MESSAGE"],
  ["no message", get, [], nothing, "MALFORMED_MESSAGE"],
])("%s is refused with a reason of the closed list", async (_, path, headers, body, reason) => {
  const trailers = await statusOf(path, headers, body);
  const error = statusOfTrailers(trailers);
  expect(error?.details).toBeDefined();
  const refusal = gatewayErrorOf(error!);
  expect(refusal.reason).toBe(reason);
  expect(refusal.code).toBe(error?.code);
  if (reason === "COMPRESSION_UNSUPPORTED") expect(headerValue(trailers, "grpc-accept-encoding")).toBe("identity");
});
