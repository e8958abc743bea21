import { afterAll, beforeAll, expect, test } from "vitest";
import { backends, configOf, memory, namespaceOn } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";

let prism: PrismProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({
    config: configOf(backends, {
      backends: { broken: { command: ["sh", "-c", "exit 3"] } },
      namespaces: { lost: { pattern: "key-value", backend: "broken" } },
    }),
  });
});
afterAll(() => prism[Symbol.asyncDispose]());

async function read(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${prism.admin}${path}`);
  return { status: response.status, text: await response.text() };
}

test("/livez answers as long as the process does", async () => {
  expect((await read("/livez")).status).toBe(200);
});

test("/readyz stays ok while one backend fails, and ?verbose says which and why", async () => {
  // Taking the proxy out would take the others down, too.
  const { status, text } = await read("/readyz?verbose");
  expect(status).toBe(200);
  for (const backend of backends) {
    expect(text).toMatch(new RegExp(`${backend.name}.*ready`));
    expect(text).toMatch(new RegExp(`${namespaceOn(backend)}.*bound`));
  }
  expect(text).toMatch(/broken.*(starting|exited|crash_loop)/);
  expect(text).toMatch(/lost.*(pending|failed)/);
});

test("/readyz without ?verbose says what is not well, and nothing when all is", async () => {
  const { text } = await read("/readyz");
  expect(text).toContain("broken");
  expect(text).not.toContain(namespaceOn(memory));
  await using healthy = await PrismProcess.start({ config: configOf([memory]) });
  const response = await fetch(`http://${healthy.admin}/readyz`);
  expect({ status: response.status, text: await response.text() }).toEqual({ status: 200, text: "ready\n" });
});

test("/readyz is 503 while the proxy drains", async () => {
  await using draining = await PrismProcess.start({ config: configOf([memory]) });
  using client = new KeyValueClient(draining.listen, namespaceOn(memory));
  const events = client.watch("");
  events.on("error", () => {});
  await new Promise((resolve) => events.once("data", resolve));
  draining.signal("SIGTERM");
  await eventually("503", 5_000, async () => (await fetch(`http://${draining.admin}/readyz`)).status === 503);
});

test("/metrics counts calls by the names of the configuration", async () => {
  const namespace = namespaceOn(memory);
  using client = new KeyValueClient(prism.listen, namespace);
  await client.set("k", "v");
  await client.get("k");
  await client.get("k");
  using stranger = new KeyValueClient(prism.listen, "never-configured");
  await stranger.get("k").catch(() => {});

  const { status, text } = await read("/metrics");
  expect(status).toBe(200);
  const labels = (method: string) => `namespace="${namespace}",pattern="key-value",method="${method}"`;
  expect(text).toContain(`prism_requests_total{${labels("Set")},code="OK"} 1`);
  expect(text).toContain(`prism_requests_total{${labels("Get")},code="OK"} 2`);
  expect(text).toContain(`prism_request_duration_seconds_count{${labels("Get")}} 2`);
  expect(text).not.toContain("never-configured");
});

test.each([
  "prism_requests_total",
  "prism_request_duration_seconds_bucket",
  "prism_request_bytes_total",
  "prism_response_bytes_total",
  "prism_inflight_requests",
  "prism_plugin_state",
  "prism_plugin_restarts_total",
  "prism_build_info",
  "process_resident_memory_bytes",
  "nodejs_eventloop_lag_seconds",
])("/metrics has %s", async (name) => {
  using client = new KeyValueClient(prism.listen, namespaceOn(memory));
  await client.get("k");
  expect((await read("/metrics")).text).toMatch(new RegExp(`^${name}[ {]`, "m"));
});

test("the data port has no admin API, and the admin port no data", async () => {
  using client = new KeyValueClient(prism.admin, namespaceOn(memory));
  await expect(client.get("k")).rejects.toThrow(/UNIMPLEMENTED/);
  expect((await fetch(`http://${prism.listen}/metrics`)).ok).toBe(false);
});
