import { afterAll, beforeAll, expect, test } from "vitest";
import { EchoClient } from "./echo-client.ts";
import { eventually } from "./eventually.ts";
import { echoService } from "./foreign-plugin.ts";
import { readMetric } from "./metric.ts";
import { PrismProcess } from "./prism-process.ts";
import { repositoryRoot } from "./repository.ts";

/** Of each of two apps: together more than nghttp2, and with it each server on Node.js, lets one connection reset at once. */
const cancelledCalls = 800;
const heldWithinMs = 20_000;
const callTimeoutMs = 60_000;

let prism: PrismProcess;
beforeAll(async () => {
  const command = [process.execPath, `${repositoryRoot}/tests/acceptance/plugins/grpc-js/main.ts`];
  prism = await PrismProcess.start({
    config: { backends: { grpcJs: { command } }, services: { [echoService]: { backend: "grpcJs" } } },
  });
});
afterAll(() => prism?.[Symbol.asyncDispose]());

const heldCalls = () => readMetric(prism.admin, "acme_held_calls", 'backend="grpcJs"');

test("calls of others go on when apps cancel so many at once that a plugin's server would end the connection", async () => {
  using honest = new EchoClient(prism.listen);
  const chat = honest.chat({ timeoutMs: callTimeoutMs });
  const answers = chat[Symbol.asyncIterator]();
  const apps = [new EchoClient(prism.listen), new EchoClient(prism.listen)];
  const held = apps.flatMap((app) =>
    Array.from({ length: cancelledCalls }, () => app.hold({ timeoutMs: callTimeoutMs }, () => undefined)),
  );
  await eventually("the calls to be held", heldWithinMs, async () => (await heldCalls()) === held.length);
  const unary = Array.from({ length: 20 }, () => honest.hold({ timeoutMs: callTimeoutMs }, () => undefined));
  for (const call of held) call.cancel();
  for (let round = 0; round < 20; round += 1) {
    chat.write({ text: `${round}` });
    expect((await answers.next()).value).toEqual({ text: `${round}` });
    expect((await honest.echo("hello")).text).toBe("hello");
  }
  await eventually("calls to be given up in the plugin, too", heldWithinMs, async () => {
    return ((await heldCalls()) ?? 0) < held.length - 550;
  });
  chat.end();
  expect(await answers.next()).toMatchObject({ done: true });
  for (const call of unary) call.cancel();
  for (const app of apps) app[Symbol.dispose]();
});
