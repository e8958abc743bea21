import { afterAll, beforeAll, expect, test } from "vitest";
import { pluginPid } from "./admin-client.ts";
import { backends, configOf, namespaceOn, redis, sqlite, type TestedBackend } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";
import { isLive } from "./process-table.ts";

// Three missed pings of 2 s, then a new process that has to start.
const replacedWithinMs = 15_000;
// How much later than its deadline an answer may come on a busy machine.
const toleranceMs = 500;

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
