import type { GrpcError, GrpcMethod } from "@prism-data/transport";
import { afterEach, describe, expect, test } from "vitest";
import { GatewayError } from "./errors.js";
import { type RunningTiny, runTinyPlugin } from "./host/plugin.fixture.js";
import { gatewayErrorOf } from "./protocol/status.js";
import { serviceMethods } from "./service-methods.js";

const name = "acme.search.v1.SearchService";
const utf8 = new TextDecoder("utf-8", { fatal: true });

function methodOf(method: string) {
  return {
    path: `/${name}/${method}`,
    requestDeserialize: (bytes: Buffer) => utf8.decode(bytes),
    responseSerialize: (text: string) => Buffer.from(text),
  };
}

// As generators write it.
const searchService = {
  find: { ...methodOf("Find"), requestStream: false, responseStream: false },
  list: { ...methodOf("List"), requestStream: false, responseStream: true },
  load: { ...methodOf("Load"), requestStream: true, responseStream: false },
  chat: { ...methodOf("Chat"), requestStream: true, responseStream: true },
} as const;

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* upperCase(texts: AsyncIterable<string>) {
  for await (const text of texts) yield text.toUpperCase();
}

let seen: unknown;
const methods = serviceMethods(searchService, {
  find: (text, { principal, deadlineMs, requestId }) => {
    if (text === "nothing") throw new GatewayError("KEY_EXISTS", "said by the handler");
    seen = { principal, hasDeadline: deadlineMs !== undefined, requestId };
    return `found ${text}`;
  },
  list: async function* (text) {
    for (const letter of text) yield letter;
  },
  load: async (texts) => (await collected(texts)).join("+"),
  chat: upperCase,
});

let tiny: RunningTiny;
afterEach(() => tiny[Symbol.asyncDispose]());

async function serve(services: ReadonlyMap<string, GrpcMethod> = methods, names = [name]): Promise<void> {
  tiny = await runTinyPlugin({
    patterns: {},
    services: { names, fileDescriptorSet: Buffer.from("descriptors") },
    open: () => ({ services, close: () => undefined }),
  });
  await tiny.serve([]);
}

async function call(method: string, requests: readonly string[]): Promise<string[]> {
  const streaming = tiny.client.stream(`/${name}/${method}`);
  for (const request of requests) streaming.write(Buffer.from(request));
  streaming.end();
  return (await collected(streaming.messages())).map((message) => Buffer.from(message).toString());
}

const failure = (outcome: Promise<unknown>): Promise<GatewayError> =>
  outcome.then(
    () => Promise.reject(new Error("the call succeeded")),
    (error: unknown) => gatewayErrorOf(error as GrpcError),
  );

describe("a service of the plugin's own", () => {
  test.each([
    ["one message for one", "Find", ["a"], ["found a"]],
    ["many for one", "List", ["abc"], ["a", "b", "c"]],
    ["none for one", "List", [""], []],
    ["one for many", "Load", ["a", "b"], ["a+b"]],
    ["one for none", "Load", [], [""]],
    ["many for many", "Chat", ["a", "b"], ["A", "B"]],
  ])("answers %s", async (_name, method, requests, responses) => {
    await serve();
    expect(await call(method, requests)).toEqual(responses);
  });

  test("knows who calls and how long they wait", async () => {
    await serve();
    const metadata = [
      ["prism-principal", "spiffe%3A//a"],
      ["prism-request-id", "r1"],
    ] as const;
    await tiny.client.unary(`/${name}/Find`, Buffer.from("a"), { metadata, timeoutMs: 5_000 });
    expect(seen).toEqual({ principal: "spiffe://a", hasDeadline: true, requestId: "r1" });
  });

  test.each([
    ["a message that is none", "Find", Buffer.from([0xff]), "MALFORMED_MESSAGE"],
    ["what a handler throws", "Find", Buffer.from("nothing"), "KEY_EXISTS"],
    ["a method that is not there", "Lose", Buffer.from("a"), "METHOD_NOT_FOUND"],
  ])("fails with a reason for %s", async (_name, method, request, reason) => {
    await serve();
    expect(await failure(tiny.client.unary(`/${name}/${method}`, request))).toMatchObject({ reason });
  });

  test("takes one message only where one is meant", async () => {
    await serve();
    expect(await failure(call("List", ["a", "b"]))).toMatchObject({ reason: "MALFORMED_MESSAGE" });
    expect(await failure(call("List", []))).toMatchObject({ reason: "MALFORMED_MESSAGE" });
  });

  test("is described with its descriptors", async () => {
    await serve();
    const { services, fileDescriptorSet } = await tiny.contract.describe({});
    expect(services).toEqual([name]);
    expect(Buffer.from(fileDescriptorSet).toString()).toBe("descriptors");
  });

  test.each([
    ["declared and not served", new Map(), [name], `${name} is not served`],
    ["served and not declared", methods, ["acme.v1.Other"], `${name} is not declared`],
  ])("is refused when it is %s", async (_name, services, names, problem) => {
    const outcome = serve(services, names);
    expect((await failure(outcome)).message).toContain(problem);
  });
});
