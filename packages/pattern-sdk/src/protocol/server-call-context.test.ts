import type { ServerCall } from "@prism-data/transport";
import { describe, expect, test } from "vitest";
import { percentDecoded, ServerCallContext } from "./server-call-context.js";

/** A call with some headers, which tells whether somebody asked for its signal. */
function callWith(metadata: readonly string[]) {
  const asked = { signal: false };
  const call: ServerCall = {
    path: "/prism.keyvalue.v1.KeyValueService/Get",
    metadata,
    deadlineMs: 1_700_000_000_000,
    get signal() {
      asked.signal = true;
      return AbortSignal.timeout(1_000);
    },
    setHeaders: () => undefined,
    setTrailers: () => undefined,
    abort: () => undefined,
  };
  return { call, asked };
}

describe("a call's context", () => {
  test("says what the proxy said", () => {
    const { call } = callWith(["prism-request-id", "r-1", "prism-principal", "CN=J%C3%B6rg"]);
    const { namespace, deadlineMs, principal, requestId } = new ServerCallContext("demo", call);
    expect({ namespace, deadlineMs, principal, requestId }).toEqual({
      namespace: "demo",
      deadlineMs: 1_700_000_000_000,
      principal: "CN=Jörg",
      requestId: "r-1",
    });
  });

  test("knows nobody when the proxy verified nobody", () => {
    const { principal, requestId } = new ServerCallContext("demo", callWith([]).call);
    expect({ principal, requestId }).toEqual({ principal: undefined, requestId: undefined });
  });

  test("keeps a principal that is not percent-encoded as it is", () => {
    expect(new ServerCallContext("demo", callWith(["prism-principal", "100%"]).call).principal).toBe("100%");
  });

  test("asks for the call's signal only when it is asked for it", () => {
    const { call, asked } = callWith([]);
    const context = new ServerCallContext("demo", call);
    expect(asked.signal).toBe(false);
    expect(context.signal.aborted).toBe(false);
    expect(asked.signal).toBe(true);
  });

  test("has the signal that it was given in place of the call's", () => {
    const { call, asked } = callWith([]);
    const { signal } = new AbortController();
    expect(new ServerCallContext("demo", call, signal).signal).toBe(signal);
    expect(asked.signal).toBe(false);
  });
});

test.each([
  ["plain", "plain"],
  ["a%20b", "a b"],
  ["%E2%82%AC", "€"],
  ["%", undefined],
  ["%ff", undefined],
])("%s without its percent-encoding is %j", (text, decoded) => {
  expect(percentDecoded(text)).toBe(decoded);
});
