import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backends, configOf, namespaceOn } from "./backends.ts";
import { EchoClient, metadataOf, type RememberedCall } from "./echo-client.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { echoService, type ForeignPlugin, prepareForeignPlugin } from "./foreign-plugin.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { PrismProcess } from "./prism-process.ts";

// The plugin never answers a read of this key.
const heldKey = "held";
// The default deadline of the namespace.
const namespaceDeadlineMs = 700;
// How long news may take from one end to the other on a busy machine.
const noticedWithinMs = 2_000;
// How much later than its deadline an answer may come on a busy machine.
const toleranceMs = 500;

const keyValueService = "prism.keyvalue.v1.KeyValueService";
const namespaces = {
  quick: { pattern: "key-value", backend: "foreign", timeout: `${namespaceDeadlineMs}ms` },
  patient: { pattern: "key-value", backend: "foreign", timeout: "1m" },
};

let plugin: ForeignPlugin;
let prism: PrismProcess;
let client: EchoClient;

beforeAll(async () => {
  plugin = await prepareForeignPlugin();
  const foreign = { backends: { foreign: plugin.config() }, services: { [echoService]: { backend: "foreign" } } };
  prism = await PrismProcess.start({ config: configOf(backends, { ...foreign, namespaces }) });
  client = new EchoClient(prism.listen);
});
afterAll(async () => {
  client?.[Symbol.dispose]();
  await prism?.[Symbol.asyncDispose]();
  await plugin?.[Symbol.asyncDispose]();
});

/** Posts to a method and waits for the answer, with the id that the plugin remembers the call by. */
function post(path: string, body: object, headers: Record<string, string>, signal?: AbortSignal): Promise<Response> {
  return fetch(`http://${prism.listen}/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
}

/** Waits until the plugin knows the call in this state. */
function remembered(requestId: string, state: RememberedCall["state"]): Promise<RememberedCall> {
  return eventually(`the call in ${state}`, noticedWithinMs, async () => {
    const call = await client.findCall(requestId);
    return call.state === state && call;
  });
}

/** Begins a call with this id that only ends when it is given up, and returns how its app gives it up. */
type Begin = (requestId: string) => () => void;

function postUntilAborted(path: string, body: object): Begin {
  return (requestId) => {
    const abort = new AbortController();
    post(path, body, { "x-request-id": requestId }, abort.signal).catch(() => undefined);
    return () => abort.abort();
  };
}

describe("a call that its app gives up ends in the plugin", () => {
  const calls: [kind: string, begin: Begin][] = [
    [
      "a unary call",
      (requestId) => {
        const call = client.hold({ metadata: metadataOf({ "x-request-id": requestId }) }, () => undefined);
        return () => call.cancel();
      },
    ],
    [
      "a bidirectional call",
      (requestId) => {
        const chat = client.chat({ metadata: metadataOf({ "x-request-id": requestId }) });
        chat.on("error", () => undefined);
        chat.write({ text: "one of many" });
        return () => chat.cancel();
      },
    ],
    ["an HTTP request to the plugin's own service", postUntilAborted(`${echoService}/Hold`, {})],
    [
      "an HTTP request to the pattern's service",
      postUntilAborted(`${keyValueService}/Get`, { namespace: "patient", key: heldKey }),
    ],
  ];

  test.each(calls)("%s", async (_, begin) => {
    const requestId = randomUUID();
    const giveUp = begin(requestId);
    await remembered(requestId, "CALL_STATE_RUNNING");
    giveUp();
    await remembered(requestId, "CALL_STATE_ENDED");
  });

  test("and the plugin holds none of them any more", async () => {
    const inFlight = () => readMetric(prism.admin, "acme_calls_in_flight", 'backend="foreign"');
    await eventually("no call in flight", noticedWithinMs, async () => (await inFlight()) === 0);
  });
});

describe("the proxy keeps a call's deadline and tells it to the plugin", () => {
  const deadlines: [whose: string, given: Record<string, string>, deadlineMs: number][] = [
    ["the app's, shorter than the namespace's", { "connect-timeout-ms": "300" }, 300],
    ["the app's, longer than the namespace's", { "connect-timeout-ms": "1100" }, 1_100],
    ["the namespace's, when the app gives none", {}, namespaceDeadlineMs],
  ];

  test.each(deadlines)("%s", async (_, given, deadlineMs) => {
    const requestId = randomUUID();
    const startMs = performance.now();
    const request = { namespace: "quick", key: heldKey };
    const response = await post(`${keyValueService}/Get`, request, { ...given, "x-request-id": requestId });
    const tookMs = performance.now() - startMs;
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ code: "deadline_exceeded" });
    expect(tookMs).toBeGreaterThan(deadlineMs - 50);
    expect(tookMs).toBeLessThan(deadlineMs + toleranceMs);

    const { timeoutSeconds = 0 } = await remembered(requestId, "CALL_STATE_ENDED");
    expect(timeoutSeconds).toBeGreaterThan(deadlineMs / 2 / 1_000);
    expect(timeoutSeconds).toBeLessThanOrEqual(deadlineMs / 1_000);
  });

  test("that of a call to the plugin's own service", async () => {
    const requestId = randomUUID();
    const options = { metadata: metadataOf({ "x-request-id": requestId }), timeoutMs: 600 };
    const ended = new Promise<void>((resolve, reject) => {
      client.hold(options, (error) => (error ? reject(error) : resolve()));
    });
    expect(await failureFrom(ended)).toMatchObject({ code: "DEADLINE_EXCEEDED" });
    const { timeoutSeconds = 0 } = await remembered(requestId, "CALL_STATE_ENDED");
    expect(timeoutSeconds).toBeGreaterThan(0);
    expect(timeoutSeconds).toBeLessThanOrEqual(0.6);
  });

  test("none, when neither the app nor a namespace gives one", async () => {
    const requestId = randomUUID();
    const giveUp = postUntilAborted(`${echoService}/Hold`, {})(requestId);
    expect((await remembered(requestId, "CALL_STATE_RUNNING")).timeoutSeconds).toBeUndefined();
    giveUp();
    await remembered(requestId, "CALL_STATE_ENDED");
  });
});

test.each(backends)("a watch that is cancelled is forgotten by the proxy and by $name", async (backend) => {
  const watches = 5;
  const inPlugin = () => readMetric(prism.admin, "prism_plugin_calls_in_flight", `backend="${backend.name}"`);
  const inProxy = () => readMetric(prism.admin, "prism_inflight_requests", `namespace="${namespaceOn(backend)}"`);
  const bothHold = (count: number) =>
    eventually(`${count} calls in flight`, noticedWithinMs, async () => {
      return (await inPlugin()) === count && (await inProxy()) === count;
    });

  using app = new KeyValueClient(prism.listen, namespaceOn(backend));
  const events = Array.from({ length: watches }, () => app.watch(""));
  for (const watch of events) {
    watch.on("error", () => undefined);
    await new Promise((resolve) => watch.once("data", resolve));
  }
  await bothHold(watches);
  for (const watch of events) watch.cancel();
  await bothHold(0);
});
