import { ExtendedHeaders, type HeaderList, type RequestHeaders } from "@prism-data/transport";
import { describe, expect, test } from "vitest";
import { CallMetrics } from "../telemetry/call-metrics.js";
import { type GrpcHead, requestHead } from "./request-head.js";
import { upstreamHeaders } from "./upstream-headers.js";

const path = "/prism.keyvalue.v1.KeyValueService/Get";

function headersOf(more: HeaderList, contentType = "application/grpc", method = "POST"): HeaderList {
  return [":method", method, ":scheme", "http", ":path", path, "content-type", contentType, ...more];
}

function grpcHead(more: HeaderList, principal?: string): GrpcHead {
  const head = requestHead(headersOf(more), principal);
  if (head.kind !== "grpc") throw new Error(`expected a gRPC head, got ${head.kind}`);
  return head;
}

describe("a request is", () => {
  test.each([
    ["application/grpc", "POST", "grpc"],
    ["application/grpc+proto", "POST", "grpc"],
    ["application/grpc;charset=utf-8", "POST", "grpc"],
    ["application/grpc-web", "POST", "http"],
    ["application/json", "POST", "http"],
    ["", "POST", "http"],
    ["application/grpc", "GET", "http"],
  ])("with content-type %j and method %s: %s", (contentType, method, kind) => {
    expect(requestHead(headersOf([], contentType, method), undefined).kind).toBe(kind);
  });
});

function namespaced(headers: RequestHeaders): ExtendedHeaders {
  if (headers instanceof ExtendedHeaders) return headers;
  throw new Error("the headers name no namespace");
}

test("a head is read once for the same list and principal", () => {
  const headers = headersOf([]);
  expect(requestHead(headers, "dns:a")).toBe(requestHead(headers, "dns:a"));
});

test("a head is never another principal's", () => {
  const headers = headersOf([]);
  const principals = ["dns:a", "dns:b", undefined].map((principal) => requestHead(headers, principal));
  expect(principals).toMatchObject([{ principal: "dns:a" }, { principal: "dns:b" }, { principal: undefined }]);
});

test("a head knows the method, the deadline and the request's id", () => {
  const head = grpcHead(["grpc-timeout", "1500m", "x-request-id", "r".repeat(500)]);
  expect(head).toMatchObject({
    service: "prism.keyvalue.v1.KeyValueService",
    timeoutMs: 1500,
    requestId: "r".repeat(128),
  });
  expect(head.traits).toMatchObject({ readOnly: true, pattern: "key-value" });
});

describe("the headers for a plugin", () => {
  const route = {
    backend: "store",
    namespace: "a b",
    namespaceHeader: "a%20b",
    timeoutMs: 1,
    readOnly: true,
    adds: false,
    tokenField: undefined,
    orderedBy: undefined,
    singleRequest: true,
    metrics: new CallMetrics({ namespace: "", pattern: "", method: "" }),
    quota: undefined,
  };
  const sent: HeaderList = [
    "user-agent",
    "x",
    "grpc-accept-encoding",
    "gzip",
    "x-trace",
    "1",
    "authorization",
    "app",
    "prism-principal",
    "p",
  ];

  test("of a namespace leave out what only concerns the app's connection", () => {
    const call = { route, link: { authorization: "Bearer t" }, timeoutMs: 250 };
    const { headers, name, value } = namespaced(upstreamHeaders(grpcHead(sent), call));
    expect([name, value]).toEqual(["prism-namespace", "a%20b"]);
    expect(headers.slice(10)).toEqual([
      ...["content-type", "application/grpc", "authorization", "Bearer t", "grpc-timeout", "250m", "x-trace", "1"],
    ]);
  });

  test("name the verified principal, percent-encoded, and not the one that the app gives itself", () => {
    const link = { authorization: undefined };
    const call = { route, link, timeoutMs: 250 };
    const { headers } = namespaced(upstreamHeaders(grpcHead(sent, "subject:CN=Jörg"), call));
    expect(headers.filter((_, at) => headers[at - 1] === "prism-principal")).toEqual(["subject%3ACN%3DJ%C3%B6rg"]);
  });

  test("of a service routed whole keep how messages are written", () => {
    const whole = { ...route, namespace: undefined, namespaceHeader: undefined };
    const headers = upstreamHeaders(grpcHead(sent), {
      route: whole,
      link: { authorization: undefined },
      timeoutMs: undefined,
    });
    expect((headers as HeaderList).slice(10)).toEqual([
      ...["content-type", "application/grpc", "user-agent", "x", "grpc-accept-encoding", "gzip", "x-trace", "1"],
    ]);
  });

  test("are the same list again for the same head, link and timeout, whatever the namespace, and no other's token", () => {
    const head = grpcHead([]);
    const link = { authorization: "Bearer t" };
    const sentWith = (more: Partial<Parameters<typeof upstreamHeaders>[1]>) =>
      namespaced(upstreamHeaders(head, { route, link, timeoutMs: 250, ...more })).headers;
    const first = sentWith({});
    expect(sentWith({ route: { ...route, namespaceHeader: "other" } })).toBe(first);
    expect(sentWith({ timeoutMs: 500 })).toContain("500m");
    expect(sentWith({ link: { authorization: "Bearer u" } })).toContain("Bearer u");
    expect(sentWith({})).toBe(first);
  });
});
