import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildGoPlugin } from "./go-plugin.ts";
import type { GoProgram } from "./go-program.ts";
import { Http2App } from "./http2-app.ts";
import { PrismProcess } from "./prism-process.ts";
import { memoryOf } from "./process-memory.ts";

const mib = 1024 * 1024;
const calls = 64;
// What a plugin may send ahead of an app that reads, and what garbage piles up between two collections.
const windowBytes = 256 * 1024;
const slackBytes = 112 * mib;

// 4 GiB pass three processes on two cores, which may be busy.
const streamedWithinMs = 240_000;

/** Begins each of the messages below; the numbers are those of grpc.testing's messages.proto. */
const messageOfMib = [0x12, 4, 0x08, 0x80, 0x80, 0x40];
const answers: [kind: string, method: string, request: number[], sizeBytes: number][] = [
  ["streams of 64 MiB", "StreamingOutputCall", Array(64).fill(messageOfMib).flat(), 64 * mib],
  ["unary answers of 4 MiB", "UnaryCall", [0x10, 0x80, 0x80, 0x80, 0x02], 4 * mib],
];

let plugin: GoProgram;
beforeAll(async () => {
  plugin = await buildGoPlugin();
});
afterAll(() => plugin?.[Symbol.asyncDispose]());

describe(`of ${calls} calls at once the proxy holds a window each`, () => {
  test.each(answers)(
    "when plugins send %s",
    async (_, method, request, sizeBytes) => {
      const backends = { go: { command: [plugin.path, "interop"] } };
      const services = { "grpc.testing.TestService": { backend: "go" } };
      await using prism = await PrismProcess.start({ config: { backends, services } });
      using app = await Http2App.connect(prism.listen);
      const idleBytes = memoryOf(prism.pid).residentBytes;
      const path = `/grpc.testing.TestService/${method}`;
      const begun = Array.from({ length: calls }, () => app.call(path, Buffer.from(request), streamedWithinMs));
      await Promise.all(begun.map((call) => call.begun()));
      const read = await Promise.all(begun.map((call) => call.readAll()));
      for (const answer of read) expect(answer.sizeBytes).toBeGreaterThan(sizeBytes);
      expect(read.map(({ grpcStatus }) => grpcStatus)).toEqual(Array(calls).fill("0"));
      expect(memoryOf(prism.pid).peakBytes - idleBytes).toBeLessThan(calls * windowBytes + slackBytes);
    },
    streamedWithinMs,
  );
});
