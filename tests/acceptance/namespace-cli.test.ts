import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";

let prism: PrismProcess;
beforeAll(async () => {
  prism = await PrismProcess.start({
    config: {
      backends: { memory: { plugin: "memstore" }, files: { plugin: "sqlite", settings: { path: "./data.db" } } },
      namespaces: { ours: { pattern: "key-value", backend: "memory" } },
    },
  });
});
afterAll(() => prism[Symbol.asyncDispose]());

async function run(...given: string[]) {
  const { code, stdout, stderr } = await runPrism([...given, "--admin", prism.admin], { folder: prism.folder });
  return { code, stdout: stdout.toString(), stderr };
}

test("namespaces are declared, listed, explained, deleted and restored", async () => {
  const file = "namespaces:\n  sessions: { pattern: key-value, backend: files, timeout: 2s }\n";
  await writeFile(join(prism.folder, "more.yaml"), file);
  expect(await run("namespace", "apply", "more.yaml", "--validate-only")).toMatchObject({
    code: 0,
    stdout: "sessions: would be declared\n",
  });
  expect((await run("namespace", "apply", "more.yaml")).stdout).toBe("sessions: declared; it is bound\n");
  expect((await run("namespace", "apply", "more.yaml")).stdout).toBe("sessions: as it was; it is bound\n");

  const list = await run("namespace", "list");
  expect(list.stdout).toMatch(/^NAMESPACE +PATTERN +BACKEND +STATE +SOURCE +DETAIL\n/);
  expect(list.stdout).toMatch(/ours +key-value +memory +bound +file\n/);
  expect(list.stdout).toMatch(/sessions +key-value +files +bound +api\n/);
  const explained = await run("namespace", "explain", "sessions");
  expect(explained.stdout).toMatch(/declared in +\S+control\.db\n/);
  expect(explained.stdout).toMatch(/on the backend +nothing differs\n/);

  const deleted = await run("namespace", "delete", "sessions", "--restorable-for", "1h");
  expect(deleted.stdout).toMatch(/^sessions is deleted and can be restored until \S+Z; its data stays\n$/);
  expect((await run("namespace", "list")).stdout).not.toContain("sessions");
  expect((await run("namespace", "list", "--deleted")).stdout).toMatch(/sessions .* deleted +api/);
  expect((await run("namespace", "restore", "sessions")).stdout).toBe("sessions is back: bound\n");
  const { stdout } = await run("namespace", "get", "sessions", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ name: "sessions", state: "bound", declaration: { timeout: "2s" } });
});

test("parts of a namespace are changed, and the others stay", async () => {
  const file = "namespaces:\n  parts: { pattern: key-value, backend: memory, limits: { calls_per_second: 5 } }\n";
  await writeFile(join(prism.folder, "parts.yaml"), file);
  await run("namespace", "apply", "parts.yaml");
  const shown = async () => JSON.parse((await run("namespace", "get", "parts", "--json")).stdout);
  const { etag } = await shown();
  const changed = await run("namespace", "update", "parts", "--set", "limits.burst=9", "--set", "needs=[ttl]");
  expect(changed).toMatchObject({ code: 0, stdout: "parts is changed; it is bound\n" });
  const { declaration } = await shown();
  expect(declaration).toMatchObject({ needs: ["ttl"], limits: { calls_per_second: 5, burst: 9 } });
  const late = await run("namespace", "update", "parts", "--set", "timeout=2s", "--etag", etag);
  expect(late).toMatchObject({ code: 1, stderr: expect.stringContaining("ETAG_MISMATCH") });
  await run("namespace", "update", "parts", "--unset", "limits", "--set", "timeout=2s");
  expect((await shown()).declaration).toEqual({
    pattern: "key-value",
    backend: "memory",
    needs: ["ttl"],
    timeout: "2s",
  });
  expect(await run("namespace", "update", "parts")).toMatchObject({ code: 2 });
});

test("what is refused says why, with exit code 1; a file without namespaces is wrong usage", async () => {
  const refused = await run("namespace", "delete", "ours");
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toMatch(/NAMESPACE_IN_FILE/);
  expect(await run("namespace", "get", "nothing")).toMatchObject({ code: 1 });
  await writeFile(join(prism.folder, "empty.yaml"), "namespaces:\n");
  expect(await run("namespace", "apply", "empty.yaml")).toMatchObject({ code: 2 });
});

test("an app's needs become namespaces of a running proxy, without a file; a second time nothing changes", async () => {
  await writeFile(
    join(prism.folder, "needs.yaml"),
    'acme.UserEvents: { access_pattern: append_heavy, estimated_rps: "1000", retention_days: "30" }\n',
  );
  const plan = await run("plan", "needs.yaml");
  expect(plan).toMatchObject({ code: 0, stderr: "" });
  expect(plan.stdout).toContain("+ user-events  stream on files");
  const applied = await run("apply", "needs.yaml");
  expect(applied).toMatchObject({ code: 0, stderr: "" });
  expect(applied.stdout).toMatch(/user-events is bound\n$/);
  const append = ["stream", "append", "user-events", "an event", "--server", prism.listen];
  expect(await runPrism(append)).toMatchObject({ code: 0 });
  expect((await run("apply", "needs.yaml")).stdout).toMatch(/the proxy is as it should be\n$/);
});

test("what is declared beside an app's needs stays when they change", async () => {
  const needs = (rps: string) =>
    writeFile(
      join(prism.folder, "more-needs.yaml"),
      `acme.Kept: { access_pattern: read_heavy, estimated_rps: "${rps}" }\n`,
    );
  await needs("10");
  await run("apply", "more-needs.yaml");
  const before = JSON.parse((await run("namespace", "get", "kept", "--json")).stdout);
  const file = { namespaces: { kept: { ...before.declaration, timeout: "9s" } } };
  await writeFile(join(prism.folder, "kept.yaml"), JSON.stringify(file));
  await run("namespace", "apply", "kept.yaml");
  await needs("20");
  expect(await run("apply", "more-needs.yaml")).toMatchObject({ code: 0, stderr: "" });
  const { declaration } = JSON.parse((await run("namespace", "get", "kept", "--json")).stdout);
  expect(declaration).toMatchObject({ timeout: "9s" });
  expect(declaration.limits).not.toEqual(before.declaration.limits);
});
