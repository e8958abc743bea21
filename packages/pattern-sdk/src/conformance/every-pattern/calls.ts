import assert from "node:assert/strict";
import { encodeTimeout, GrpcCode, type HeaderList, headerValue } from "@prism-data/transport";
import { type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { assertFailure, failureOf } from "../expect-failure.js";
import type { PatternSuite } from "../pattern-suite.js";
import type { Subject } from "../subject.js";

/** How much later than the deadline an answer may come on a busy machine. */
const latenessMsMax = 2_000;

/** What holds of calls as such, whatever they ask. */
export function callCases<S extends Subject>({ kind, probe }: PatternSuite<S>): ConformanceCase<S>[] {
  return conformanceCases<S>("calls", [], {
    "a call that is still waiting when its deadline passes ends with DEADLINE_EXCEEDED, on time": async (
      _,
      subject,
    ) => {
      const timeoutMs = 250;
      const startedAtMs = performance.now();
      const trailers = await trailersOfUnfinishedCall(subject, `/${kind.service}/${probe.method}`, timeoutMs);
      const lastedMs = performance.now() - startedAtMs;
      assert.equal(headerValue(trailers, "grpc-status"), String(GrpcCode.DEADLINE_EXCEEDED));
      assert.ok(
        lastedMs >= timeoutMs - 5 && lastedMs < timeoutMs + latenessMsMax,
        `it lasted ${lastedMs} of ${timeoutMs} ms`,
      );
    },

    "a call that was cancelled before it began fails": async (client) => {
      const call = client.callBytes(probe.method, probe.request(client.namespace), { signal: AbortSignal.abort() });
      assertFailure(await failureOf(call), "CANCELLED");
    },
  });
}

/** Begins a call that promises a request and never sends it, so that nothing but the plugin's own deadline can end it. */
function trailersOfUnfinishedCall(subject: Subject, path: string, timeoutMs: number): Promise<HeaderList> {
  const ended = Promise.withResolvers<HeaderList>();
  const { client, authorization } = subject.connection;
  const headers = [
    ...[":method", "POST", ":scheme", "http", ":path", path, ":authority", "localhost"],
    ...["content-type", "application/grpc", "te", "trailers", "grpc-timeout", encodeTimeout(timeoutMs)],
    ...authorization,
  ];
  let stream: { releaseWindow(sizeBytes: number): void } | undefined;
  stream = client.connection.request(headers, false, {
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
