import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EchoClient, metadataOf } from "./echo-client.ts";
import { eventually } from "./eventually.ts";
import { echoService, type ForeignPlugin, prepareForeignPlugin } from "./foreign-plugin.ts";
import { PrismProcess } from "./prism-process.ts";
import { Relay } from "./relay.ts";

// What is waited for takes a second; a busy machine gets more.
const seenWithinMs = 20_000;
const callTimeoutMs = 60_000;

let plugin: ForeignPlugin;
beforeAll(async () => {
  plugin = await prepareForeignPlugin();
});
afterAll(() => plugin?.[Symbol.asyncDispose]());

const startWith = (limits: object) =>
  PrismProcess.start({
    config: {
      backends: { foreign: plugin.config() },
      services: { [echoService]: { backend: "foreign" } },
      limits,
    },
  });

test("a client whose connection gets too old connects anew, and none of its calls fails", async () => {
  await using prism = await startWith({ connection_age: "500ms" });
  await using relay = await Relay.start(prism.listen);
  using client = new EchoClient(relay.address, { repeatsUnseen: true });
  const chat = client.chat({ timeoutMs: callTimeoutMs });
  const answers = chat[Symbol.asyncIterator]();
  await eventually("the fourth connection", seenWithinMs, async () => {
    await client.echo("unary", { timeoutMs: callTimeoutMs });
    return relay.connections >= 4;
  });
  // The stream was begun on the first connection, which its grace keeps open for it.
  chat.write({ text: "still here" });
  expect((await answers.next()).value).toEqual({ text: "still here" });
  chat.end();
  expect(await answers.next()).toMatchObject({ done: true });
  await eventually("the end of the old connections", seenWithinMs, () => relay.open <= 1);
});

test("a stream that outlives its connection's grace is ended", async () => {
  await using prism = await startWith({ connection_age: "200ms", connection_age_grace: "200ms" });
  using client = new EchoClient(prism.listen);
  const chat = client.chat({ timeoutMs: callTimeoutMs });
  const ended = new Promise((resolve) => chat.once("error", resolve));
  chat.write({ text: "too long" });
  expect(await ended).toMatchObject({ details: expect.any(String), code: 14 });
});

test("the calls of an app that vanished without a word are cancelled in the plugin, and its connection is closed", async () => {
  await using prism = await startWith({ keepalive_interval: "200ms", keepalive_timeout: "300ms" });
  await using relay = await Relay.start(prism.listen);
  using vanishing = new EchoClient(relay.address);
  using other = new EchoClient(prism.listen);
  const requestId = randomUUID();
  const stateIs = (state: string) =>
    eventually(`the call in ${state}`, seenWithinMs, async () => (await other.findCall(requestId)).state === state);

  const metadata = metadataOf({ "x-request-id": requestId });
  vanishing.hold({ metadata, timeoutMs: callTimeoutMs }, () => undefined);
  await stateIs("CALL_STATE_RUNNING");
  relay.goSilent();
  await stateIs("CALL_STATE_ENDED");
  await eventually("the end of the connection", seenWithinMs, () => relay.open === 0);
});

test("an app that is silent and answers pings keeps its connection and its call", async () => {
  await using prism = await startWith({ keepalive_interval: "50ms", keepalive_timeout: "10s" });
  await using relay = await Relay.start(prism.listen);
  using client = new EchoClient(relay.address);
  await new Promise<void>((resolve) => client.hold({ timeoutMs: 1_500 }, () => resolve()));
  await client.echo("still connected");
  expect(relay.connections).toBe(1);
});
