import { afterAll, beforeAll, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { buildGoPlugin } from "./go-plugin.ts";
import type { GoProgram } from "./go-program.ts";
import { Http2App } from "./http2-app.ts";
import { PrismProcess } from "./prism-process.ts";

const deadlineMs = 700;
// How much later than its deadline an answer may come on a busy machine.
const toleranceMs = 500;
const deadlineExceeded = "4";

const service = "grpc.testing.TestService";
const kinds: [kind: string, method: string, ends: boolean][] = [
  ["unary", "UnaryCall", true],
  ["client-streaming", "StreamingInputCall", false],
  ["server-streaming", "StreamingOutputCall", true],
  ["bidirectional", "FullDuplexCall", false],
];

let plugin: GoProgram;
beforeAll(async () => {
  plugin = await buildGoPlugin();
});
afterAll(() => plugin?.[Symbol.asyncDispose]());

// The app tells its deadline and does not keep it; the plugin is stopped and cannot.
test.each(kinds)("the proxy keeps the deadline of a %s call whose plugin does not", async (_, method, ends) => {
  const backends = { go: { command: [plugin.path, "interop"] } };
  await using prism = await PrismProcess.start({ config: { backends, services: { [service]: { backend: "go" } } } });
  using app = await Http2App.connect(prism.listen);
  const pid = await pluginPid(prism.admin, "go");
  process.kill(pid, "SIGSTOP");
  // A stopped process would not see that its proxy has ended.
  using _resumed = { [Symbol.dispose]: () => process.kill(pid, "SIGCONT") };
  const startMs = performance.now();
  const call = app.begin(`/${service}/${method}`, deadlineMs);
  call.send(Buffer.alloc(0));
  if (ends) call.endRequest();
  expect((await call.readAll()).grpcStatus).toBe(deadlineExceeded);
  const tookMs = performance.now() - startMs;
  expect(tookMs).toBeGreaterThan(deadlineMs - 50);
  expect(tookMs).toBeLessThan(deadlineMs + toleranceMs);
});
