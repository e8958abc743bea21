import { afterAll, beforeAll, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { backends, configOf, memory, namespaceOn, redis, sqlite, type TestedBackend } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { Http2App } from "./http2-app.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";
import { isLive } from "./process-table.ts";
import { encode } from "./protos.ts";

// Three missed pings of 2 s, then a new process that has to start.
const replacedWithinMs = 15_000;
// How much later than its deadline an answer may come on a busy machine.
const toleranceMs = 500;
// An answer of 3 MiB on a busy machine.
const answeredWithinMs = 10_000;

// The default deadline of the namespaces below: the proxy keeps it, the client has a later one.
const deadlineMs = 700;
const impatient = (backend: TestedBackend) => `${namespaceOn(backend)}-impatient`;

let prism: PrismProcess;
beforeAll(async () => {
  const namespaces = Object.fromEntries(
    backends.map((backend) => [
      impatient(backend),
      { pattern: "key-value", backend: backend.name, timeout: `${deadlineMs}ms` },
    ]),
  );
  prism = await PrismProcess.start({ config: configOf(backends, { namespaces }) });
});
afterAll(() => prism[Symbol.asyncDispose]());

test.each([sqlite, redis])("a plugin of $name that hangs costs a deadline, then is replaced", async (backend) => {
  using client = new KeyValueClient(prism.listen, impatient(backend));
  await client.set("k", "v");
  const pid = await pluginPid(prism.admin, backend.name);
  process.kill(pid, "SIGSTOP");

  const startMs = performance.now();
  const failure = await failureFrom(client.callWithoutDeadline("Get", { key: "k" }));
  const tookMs = performance.now() - startMs;
  expect(failure).toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "DEADLINE_EXCEEDED" });
  expect(tookMs).toBeGreaterThan(deadlineMs - 50);
  expect(tookMs).toBeLessThan(deadlineMs + toleranceMs);
  expect(await failureFrom(client.get("k", 200))).toMatchObject({ code: "DEADLINE_EXCEEDED" });

  await pluginPid(prism.admin, backend.name, pid, replacedWithinMs);
  await eventually("the end of the process that hung", 1_000, () => !isLive(pid));
  expect(await client.text("k")).toBe("v");
});

test("the other backends notice nothing of a plugin that hangs", async () => {
  const others = backends.filter((backend) => backend !== sqlite);
  const pid = await pluginPid(prism.admin, sqlite.name);
  const pids = await Promise.all(others.map(({ name }) => pluginPid(prism.admin, name)));
  let replaced = false;
  const load = others.map(async (backend) => {
    using client = new KeyValueClient(prism.listen, namespaceOn(backend));
    for (let round = 0; !replaced; round += 1) {
      await client.set("round", String(round), { timeoutMs: 1_000 });
      expect(await client.text("round", 1_000)).toBe(String(round));
    }
  });
  process.kill(pid, "SIGSTOP");
  await pluginPid(prism.admin, sqlite.name, pid, replacedWithinMs).finally(() => {
    replaced = true;
  });
  await Promise.all(load);
  expect(await Promise.all(others.map(({ name }) => pluginPid(prism.admin, name)))).toEqual(pids);
});

test("a plugin that stops in the middle of its answers holds up no others of the same connection", async () => {
  const value = Buffer.alloc(3 * 1024 * 1024);
  for (const backend of [sqlite, memory]) {
    using client = new KeyValueClient(prism.listen, namespaceOn(backend));
    await client.set("large", value);
  }
  using app = await Http2App.connect(prism.listen);
  const get = (backend: TestedBackend) => {
    const request = encode("prism.keyvalue.v1.GetRequest", { namespace: namespaceOn(backend), key: "large" });
    return app.call("/prism.keyvalue.v1.KeyValueService/Get", request, answeredWithinMs);
  };
  const unfinished = Array.from({ length: 20 }, () => get(sqlite));
  await Promise.race(unfinished.map((call) => call.begun()));
  const pid = await pluginPid(prism.admin, sqlite.name);
  process.kill(pid, "SIGSTOP");
  for (let round = 0; round < 10; round += 1) {
    const { grpcStatus, sizeBytes } = await get(memory).readAll();
    expect(grpcStatus).toBe("0");
    expect(sizeBytes).toBeGreaterThan(value.length);
  }
  await pluginPid(prism.admin, sqlite.name, pid, replacedWithinMs);
});
