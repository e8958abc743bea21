import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { backendOf } from "./admin-client.ts";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { PrismProcess } from "./prism-process.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

// Five failed starts, with pauses of 100 ms that double.
const crashLoopWithinMs = 15_000;
const spawnsMax = 6;

test("a plugin that exits at once ends in crash_loop after few starts, and the others serve", async () => {
  await using folder = await createTemporaryFolder();
  const starts = join(folder.path, "starts");
  writeFileSync(starts, "");
  const broken = { command: ["sh", "-c", `echo start >> '${starts}'; echo it broke >&2; exit 7`] };
  const config = configOf([memory], {
    backends: { broken },
    namespaces: { lost: { pattern: "key-value", backend: "broken" } },
  });
  await using prism = await PrismProcess.start({ config, folder: folder.path });

  const backend = await eventually("crash_loop", crashLoopWithinMs, async () => {
    const seen = await backendOf(prism.admin, "broken");
    return seen.state === "crash_loop" && seen;
  });
  expect(backend.detail).toContain("7");
  expect(readFileSync(starts, "utf8").trim().split("\n").length).toBeLessThanOrEqual(spawnsMax);

  using lost = new KeyValueClient(prism.listen, "lost");
  const failure = await failureFrom(lost.get("k"));
  expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_UNAVAILABLE" });
  expect(failure.retryDelayMs).toBeGreaterThan(0);
  expect(failure.message).toContain("broken");

  using client = new KeyValueClient(prism.listen, namespaceOn(memory));
  await client.set("k", "v");
  expect(await client.text("k")).toBe("v");

  const readiness = await fetch(`http://${prism.admin}/readyz?verbose`);
  expect(await readiness.text()).toMatch(/broken.*crash_loop/s);
  const metrics = await (await fetch(`http://${prism.admin}/metrics`)).text();
  expect(metrics).toContain('prism_plugin_state{backend="broken",state="crash_loop"} 1');
});
