import { afterAll, beforeAll, expect, test } from "vitest";
import { memory } from "./backends.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { StreamClient } from "./stream-client.ts";

let prism: PrismProcess;
beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: { memory: memory.config() },
      namespaces: {
        calm: { pattern: "key-value", backend: "memory" },
        limited: { pattern: "key-value", backend: "memory", limits: { calls_per_second: 20 } },
        events: { pattern: "stream", backend: "memory", options: { partitions: 2 } },
      },
    },
  });
});
afterAll(() => prism[Symbol.asyncDispose]());

async function capacity(...given: string[]) {
  const { code, stdout, stderr } = await runPrism(["capacity", ...given, "--admin", prism.admin], {
    folder: prism.folder,
  });
  return { code, stdout: stdout.toString(), stderr };
}

/** Does something again and again until what is looked at has ended. */
async function during<T>(look: Promise<T>, act: () => Promise<unknown>): Promise<T> {
  let isOver = false;
  const looked = look.finally(() => {
    isOver = true;
  });
  while (!isOver) await act();
  return await looked;
}

test("what is quiet is enough: exit code 0", async () => {
  const { code, stdout } = await capacity("calm", "--over", "100ms");
  expect(stdout).toMatch(/^NAMESPACE +BACKEND +READS\/S +WRITES\/S/);
  expect(stdout).toMatch(/\ncalm +memory +0 +0 +-/);
  expect(stdout).toMatch(/what is declared is enough for what was seen\n$/);
  expect(code).toBe(0);
});

test("rates, sizes and p99 are those of the calls; a limit that refuses is advised against with reasons: exit code 1", async () => {
  using calm = new KeyValueClient(prism.listen, "calm");
  using limited = new KeyValueClient(prism.listen, "limited");
  const { code, stdout } = await during(capacity("calm", "limited", "--over", "1s", "--json"), async () => {
    await Promise.all([calm.set("k", Buffer.alloc(1_000)), calm.get("k"), calm.get("k")]);
    await limited.get("k").catch(() => undefined);
  });
  const { namespaces, backends, advice, windowMs } = JSON.parse(stdout);
  expect(windowMs).toBeGreaterThanOrEqual(990);
  const [ofCalm, ofLimited] = namespaces;
  expect(ofCalm.writesPerSecond).toBeGreaterThan(10);
  expect(ofCalm.readsPerSecond / ofCalm.writesPerSecond).toBeCloseTo(2, 0);
  expect(ofCalm.writeBytes).toBeGreaterThan(1_000);
  expect(ofCalm.writeBytes).toBeLessThan(1_100);
  expect(ofCalm.p99Ms).toBeGreaterThan(0);
  expect(ofLimited).toMatchObject({ namespace: "limited", callsPerSecondMax: 20 });
  expect(ofLimited.refusedPerSecond).toBeGreaterThan(0);
  expect(backends).toMatchObject([{ backend: "memory", plugin: "memstore", cores: expect.any(Number) }]);
  expect(advice).toMatchObject([{ namespace: "limited", setting: "limits.calls_per_second", current: "20" }]);
  expect(advice[0].reason).toMatch(/came and .* were refused/);
  expect(code).toBe(1);
});

test("records of a log are counted where they are, also what one call brings, and a group's lag with them", async () => {
  using events = new StreamClient(prism.listen, "events");
  const records = Array.from({ length: 200 }, (_, index) => ({ key: `key ${index}`, payload: Buffer.alloc(100) }));
  const args = ["events", "--group", "billing", "--over", "1s", "--json"];
  const { stdout } = await during(capacity(...args), () => events.append(...records));
  const { namespaces, advice } = JSON.parse(stdout);
  const [{ log, writesPerSecond }] = namespaces;
  expect(log.partitions).toBe(2);
  expect(log.recordsPerSecond).toBeGreaterThan(writesPerSecond * 100);
  expect(log.lag).toBeGreaterThan(1_000);
  expect(log.lagPerSecond).toBeGreaterThan(0);
  expect(log.growthBytesPerDay).toBeGreaterThan(log.recordsPerSecond * 86_400 * 100);
  expect(advice).toContainEqual(expect.objectContaining({ setting: "options.partitions", current: "2" }));
  expect(advice).toContainEqual(expect.objectContaining({ effect: expect.stringContaining("more members") }));
});

test("what is not there, or a window that is too long, is refused with what to do", async () => {
  const unknown = await capacity("callm", "--over", "100ms");
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(unknown.stderr).toMatch(/There is no namespace "callm"; did you mean "calm"/);
  const long = await capacity("calm", "--over", "1h");
  expect(long.stderr).toMatch(/window is 3600000 ms; give 100 to 60000 ms/);
});
