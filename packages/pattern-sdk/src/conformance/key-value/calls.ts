import assert from "node:assert/strict";
import { encodeTimeout, GrpcCode, type HeaderList, headerValue } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import * as wire from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../../protocol/message.js";
import { assertFailure, failureOf, outcomeOf } from "../expect-failure.js";
import { casesOf } from "../key-value-case.js";
import { keyValueService } from "../key-value-client.js";
import type { KeyValueSubject } from "../key-value-subject.js";

/** How much later than the deadline an answer may come on a busy machine. */
const latenessMsMax = 2_000;

export const callCases = casesOf("calls", [], {
  "a call that is still waiting when its deadline passes ends with DEADLINE_EXCEEDED, on time": async (_, subject) => {
    const timeoutMs = 250;
    const startedAtMs = performance.now();
    const trailers = await trailersOfUnfinishedCall(subject, timeoutMs);
    const lastedMs = performance.now() - startedAtMs;
    assert.equal(headerValue(trailers, "grpc-status"), String(GrpcCode.DEADLINE_EXCEEDED));
    assert.ok(
      lastedMs >= timeoutMs - 5 && lastedMs < timeoutMs + latenessMsMax,
      `it lasted ${lastedMs} of ${timeoutMs} ms`,
    );
  },

  "calls with hardly any time are answered or end with DEADLINE_EXCEEDED, and leave all of a value or none": async (
    kv,
    subject,
  ) => {
    const sizeBytes = subject.valueSize(500_000);
    await kv.set("k", Buffer.alloc(sizeBytes, "a"));
    const letters = ["b", "c", "d", "e", "f", "g"];
    const calls = letters.map((letter) =>
      kv.callBytes("Set", setBytes(kv.namespace, Buffer.alloc(sizeBytes, letter)), { timeoutMs: 1 }),
    );
    for (const outcome of await Promise.all(calls.map(outcomeOf))) {
      if (outcome instanceof GatewayError) assertFailure(outcome, "DEADLINE_EXCEEDED");
    }
    const read = await kv.get("k");
    assert.equal(read?.value.length, sizeBytes);
    assert.ok(read?.value.equals(Buffer.alloc(sizeBytes, read.value.subarray(0, 1))), "a value of two writers");
  },

  "a call that is cancelled ends at once, and the others go on": async (kv, subject) => {
    const sizeBytes = subject.valueSize(200_000);
    await kv.set("k", "before");
    for (let round = 0; round < 20; round++) {
      const cancelling = new AbortController();
      const large = setBytes(kv.namespace, Buffer.alloc(sizeBytes, "x"));
      const cancelled = Array.from({ length: 10 }, () => kv.callBytes("Set", large, { signal: cancelling.signal }));
      const outcomes = Promise.all(cancelled.map(outcomeOf));
      cancelling.abort();
      const others = Promise.all([kv.set(`other ${round}`, "v"), kv.text(`other ${round - 1}`)]);
      for (const outcome of await outcomes) if (outcome instanceof GatewayError) assertFailure(outcome, "CANCELLED");
      await others;
    }
    const read = await kv.get("k");
    assert.ok([6, sizeBytes].includes(read?.value.length ?? 0), `${read?.value.length} bytes are left`);
  },

  "a call that was cancelled before it began fails": async (kv) => {
    const request = encodeMessage(wire.GetRequest, { namespace: kv.namespace, key: "k" });
    const failure = await failureOf(kv.callBytes("Get", request, { signal: AbortSignal.abort() }));
    assertFailure(failure, "CANCELLED");
  },

  "hundreds of calls at once are all answered": async (kv) => {
    const keys = Array.from({ length: 600 }, (_, index) => `key ${index}`);
    const answers = await Promise.all(
      keys.map(async (key) => {
        const etag = await kv.set(key, key);
        const entry = await kv.get(key);
        return entry?.etag === etag && entry.value.toString() === key;
      }),
    );
    assert.deepEqual(
      keys.filter((_, index) => !answers[index]),
      [],
    );
  },
});

function setBytes(namespace: string, value: Uint8Array): Uint8Array {
  const set = { ...wire.SetRequest.decode(new Uint8Array()), namespace, key: "k", value };
  return encodeMessage(wire.SetRequest, set);
}

/** Begins a call that promises a request and never sends it, so that nothing but the plugin's own deadline can end it. */
function trailersOfUnfinishedCall(subject: KeyValueSubject, timeoutMs: number): Promise<HeaderList> {
  const ended = Promise.withResolvers<HeaderList>();
  const headers = [
    ...[":method", "POST", ":scheme", "http", ":path", `/${keyValueService}/Get`, ":authority", "localhost"],
    ...["content-type", "application/grpc", "te", "trailers", "grpc-timeout", encodeTimeout(timeoutMs)],
    ...subject.authorization,
  ];
  let stream: { releaseWindow(sizeBytes: number): void } | undefined;
  stream = subject.grpc.connection.request(headers, false, {
    onHeaders: (answer, endStream) => {
      if (endStream) ended.resolve(answer);
    },
    onData: (data) => stream?.releaseWindow(data.length),
    onTrailers: ended.resolve,
    onWritable: () => {},
    onReset: (code) => ended.reject(new Error(`The plugin reset the call with HTTP/2 error ${code}.`)),
  });
  return ended.promise;
}
