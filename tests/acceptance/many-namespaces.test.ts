import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findBackend, pluginPid } from "./admin-client.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { GrpcClient } from "./grpc-client.ts";
import { liveHeapBytes, withInspector } from "./live-heap.ts";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

const count = 10_000;
// On a machine of its own: 5 s. The tests share it, and more than one runs at a time.
const startedWithinMs = 20_000;
const reloadedWithinMs = 10_000;
const heapBytesMax = 10 * 1024;
// Kinds of call that have series of their own, and some more.
const calledNamespaces = 1_100;

const nameOf = (index: number) => `team-${String(index).padStart(5, "0")}`;
const backendOfIndex = (index: number) => (index % 2 === 0 ? "memory" : "files");

/** `more`: what is added to a namespace, by its number. */
function configWith(namespaces: number, more: Readonly<Record<number, string>> = {}): string {
  const entries = Array.from({ length: namespaces }, (_, index) => {
    const limits = "limits: { calls_per_second: 1000, calls_in_flight: 50 }";
    return `  ${nameOf(index)}: { pattern: key-value, backend: ${backendOfIndex(index)}, ${limits}${more[index] ?? ""} }\n`;
  });
  return `listen: 127.0.0.1:0
admin: { listen: 127.0.0.1:0 }
backends:
  memory: { plugin: memstore }
  files: { plugin: sqlite, settings: { path: ./data.db } }
namespaces:
${entries.join("")}`;
}

let prism: PrismProcess;
let app: GrpcClient;
beforeAll(async () => {
  const startedMs = performance.now();
  prism = await PrismProcess.start({ config: configWith(count), environment: withInspector });
  expect(performance.now() - startedMs).toBeLessThan(startedWithinMs);
  app = new GrpcClient(prism.listen, "prism.keyvalue.v1.KeyValueService");
}, 30_000);
afterAll(async () => {
  app?.[Symbol.dispose]();
  await prism?.[Symbol.asyncDispose]();
});

const get = (namespace: string) => app.unary("Get", { namespace, key: "k" }, 10_000);

test("all of ten thousand namespaces are bound, are listed, and serve", async () => {
  const verbose = await (await fetch(`http://${prism.admin}/readyz?verbose`)).text();
  expect(verbose.match(/^\[\+\]namespace .* bound$/gm)).toHaveLength(count);
  const short = await (await fetch(`http://${prism.admin}/readyz`)).text();
  expect(short).toBe("ready\n");
  const listed = (await findBackend(prism.admin, "files")) as { namespaces?: string[] } | undefined;
  expect(listed?.namespaces).toHaveLength(count / 2);
  await Promise.all([0, 1, count / 2, count - 2, count - 1].map((index) => get(nameOf(index))));
  const missing = await failureFrom(get("team-x"));
  expect(missing).toMatchObject({ reason: "NAMESPACE_NOT_FOUND" });
  expect(missing.message).toContain(`and ${count - 10} more`);
});

test("the metrics of more namespaces than have series of their own come together in one", async () => {
  await Promise.all(Array.from({ length: calledNamespaces }, (_, index) => get(nameOf(index))));
  const metrics = await (await fetch(`http://${prism.admin}/metrics`)).text();
  const series = metrics.match(/^prism_requests_total\{namespace="(?!_)/gm) ?? [];
  expect(series.length).toBeGreaterThan(500);
  expect(series.length).toBeLessThanOrEqual(1_000);
  expect(metrics).toMatch(/^prism_requests_total\{namespace="_overflow",.*code="OK"\} \d+$/m);
});

test("a change of one namespace binds that one again, and no other", async () => {
  const before = prism.stderr.length;
  await prism.writeConfig(configWith(count, { 5000: ", needs: [ttl]" }));
  const lines = await eventually("the log line on the change", reloadedWithinMs, () => {
    const log = prism.stderr.slice(before);
    return log.includes("configuration changed") && log;
  });
  expect(lines.match(/"namespaces bound"/g)).toHaveLength(1);
  expect(lines).toMatch(/"bound":1,"notBound":0/);
  await get(nameOf(5000));
});

test("a plugin that was killed has all of its namespaces again", async () => {
  const pid = await pluginPid(prism.admin, "memory");
  process.kill(pid, "SIGKILL");
  await get(nameOf(count - 2));
  // The others are bound behind it: thousands of them have to come before their backend is ready.
  expect(await findBackend(prism.admin, "memory")).toMatchObject({ state: "starting" });
  await pluginPid(prism.admin, "memory", pid);
  await Promise.all([0, 2, count / 2, count - 2].map((index) => get(nameOf(index))));
});

test("an idle namespace holds little of the proxy's memory", async () => {
  const withAllBytes = await liveHeapBytes(prism.stderr);
  await prism.writeConfig(configWith(2));
  await eventually("the end of the last namespaces", reloadedWithinMs, async () =>
    get(nameOf(count - 1)).then(
      () => false,
      () => true,
    ),
  );
  const withFewBytes = await liveHeapBytes(prism.stderr);
  expect((withAllBytes - withFewBytes) / count).toBeLessThan(heapBytesMax);
});

test("a configuration with ten thousand mistakes is told about in a page, with their number", async () => {
  await using folder = await createTemporaryFolder();
  const wrong = configWith(count).replaceAll("backend: files", "backend: flies");
  await writeFile(join(folder.path, "prism.yaml"), wrong);
  const { code, stderr } = await runPrism(["check"], { folder: folder.path });
  expect(code).toBe(2);
  expect(stderr).toContain(`${count / 2} problems`);
  expect(stderr).toContain(`did you mean "files"?`);
  expect(stderr).toContain(`and ${count / 2 - 50} more`);
  expect(stderr.split("\n").length).toBeLessThan(60);
});
