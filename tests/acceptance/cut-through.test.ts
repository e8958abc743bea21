import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { eventually } from "./eventually.ts";
import { buildGoPlugin } from "./go-plugin.ts";
import type { GoProgram } from "./go-program.ts";
import { Http2App, type Http2Call } from "./http2-app.ts";
import { PrismProcess } from "./prism-process.ts";
import { memoryOf } from "./process-memory.ts";

const mib = 1024 * 1024;
const calls = 64;
// What a plugin may send ahead of an app that reads, and what garbage piles up between two collections.
const windowBytes = 256 * 1024;
const slackBytes = 112 * mib;

// 4 GiB pass three processes on two cores, which may be busy.
const stalledWithinMs = 3_000;
const streamedWithinMs = 240_000;

/** Begins each of the messages below; the numbers are those of grpc.testing's messages.proto. */
const messageOfMib = [0x12, 4, 0x08, 0x80, 0x80, 0x40];
const answers: [kind: string, method: string, request: number[], sizeBytes: number][] = [
  ["streams of 64 MiB", "StreamingOutputCall", Array(64).fill(messageOfMib).flat(), 64 * mib],
  ["unary answers of 4 MiB", "UnaryCall", [0x10, 0x80, 0x80, 0x80, 0x02], 4 * mib],
];

/** Field 1 of StreamingInputCallRequest and field 3 of SimpleRequest: a payload whose body is so large. */
const payload = (field: number, sizeBytes: number) => {
  const body = delimited(2, Buffer.alloc(sizeBytes, "v"));
  return delimited(field, body);
};
const uploads: [kind: string, method: string, message: Buffer, messages: number][] = [
  ["streams of 64 MiB", "StreamingInputCall", payload(1, mib), 64],
  ["unary requests of 3 MiB", "UnaryCall", payload(3, 3 * mib), 1],
];

function delimited(field: number, bytes: Buffer): Buffer {
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 127; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...length, rest]), bytes]);
}

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

  test.each(uploads)(
    "when apps send %s to a plugin that at first does not read",
    async (_, method, message, messages) => {
      const backends = { go: { command: [plugin.path, "interop"] } };
      const services = { "grpc.testing.TestService": { backend: "go" } };
      await using prism = await PrismProcess.start({ config: { backends, services } });
      using app = await Http2App.connect(prism.listen);
      const idleBytes = memoryOf(prism.pid).residentBytes;
      const pid = await pluginPid(prism.admin, "go");
      process.kill(pid, "SIGSTOP");
      const begun = Array.from({ length: calls }, () =>
        app.begin(`/grpc.testing.TestService/${method}`, streamedWithinMs),
      );
      for (const call of begun) call.send(message);
      await noLongerGrowing(prism.pid);
      process.kill(pid, "SIGCONT");
      await Promise.all(begun.map((call) => sendRest(call, message, messages - 1)));
      const answers = await Promise.all(begun.map((call) => call.readAll()));
      expect(answers.map(({ grpcStatus }) => grpcStatus)).toEqual(Array(calls).fill("0"));
      expect(memoryOf(prism.pid).peakBytes - idleBytes).toBeLessThan(calls * windowBytes + slackBytes);
    },
    streamedWithinMs,
  );
});

async function sendRest(call: Http2Call, message: Buffer, messages: number): Promise<void> {
  for (let sent = 0; sent < messages; sent += 1) {
    await call.sent();
    call.send(message);
  }
  call.endRequest();
}

/** Waits until the process has taken what it takes. */
async function noLongerGrowing(pid: number): Promise<void> {
  let before = 0;
  await eventually("the end of its growth", stalledWithinMs, () => {
    const now = memoryOf(pid).peakBytes;
    const isSteady = now === before;
    before = now;
    return isSteady;
  });
}
