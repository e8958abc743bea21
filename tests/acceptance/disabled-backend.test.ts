import { afterAll, beforeAll, expect, test } from "vitest";
import { backendOf, pluginPid } from "./admin-client.ts";
import { eventually } from "./eventually.ts";
import { callJson, reasonOf } from "./json-call.ts";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";

const followsWithinMs = 1_000;
const endsWithinMs = 5_000;
const config = {
  backends: { memory: { plugin: "memstore" }, files: { plugin: "sqlite", settings: { path: "./data.db" } } },
  namespaces: {
    profile: { pattern: "key-value", backend: "files" },
    cache: { pattern: "key-value", backend: "memory" },
  },
};

let prism: PrismProcess;
beforeAll(async () => {
  prism = await PrismProcess.start({ config });
});
afterAll(() => prism[Symbol.asyncDispose]());

function keyValue({ listen }: PrismProcess, method: "Get" | "Set", namespace: string) {
  const value = method === "Set" ? { value: "AA==" } : {};
  return callJson(listen, `prism.keyvalue.v1.KeyValueService/${method}`, { namespace, key: "k", ...value });
}

async function backend(...given: string[]) {
  const { code, stdout, stderr } = await runPrism(["backend", ...given, "--admin", prism.admin]);
  return { code, stdout: stdout.toString(), stderr };
}

const isGone = (pid: number) => {
  try {
    return !process.kill(pid, 0);
  } catch {
    return true;
  }
};

test("a backend that is disabled refuses calls and says why, its process ends, and the others serve", async () => {
  expect((await keyValue(prism, "Set", "profile")).status).toBe(200);
  const pid = await pluginPid(prism.admin, "files");
  expect(await backend("disable", "files", "--reason", "the disk is changed")).toEqual({
    code: 0,
    stdout: "files is disabled: the disk is changed\n",
    stderr: "",
  });
  await eventually("the end of its process", endsWithinMs, () => isGone(pid));
  const refused = await keyValue(prism, "Get", "profile");
  expect(refused.status).toBe(503);
  expect(reasonOf(refused)).toBe("BACKEND_DISABLED");
  expect(refused.body.message).toMatch(/the disk is changed.*prism backend enable files/);
  expect((await keyValue(prism, "Get", "cache")).status).toBe(200);
  expect(await backendOf(prism.admin, "files")).toMatchObject({ state: "disabled", detail: "the disk is changed" });
  const ready = await (await fetch(`http://${prism.admin}/readyz`)).text();
  expect(ready).toMatch(/\[-\]backend files disabled: the disk is changed\n.*\nready \(degraded\)/s);
  const metrics = await (await fetch(`http://${prism.admin}/metrics`)).text();
  expect(metrics).toContain('prism_plugin_state{backend="files",state="disabled"} 1');
});

test("disabling it again changes nothing, and it cannot be restarted, nor can one that is not configured be disabled", async () => {
  expect((await backend("disable", "files", "--reason", "the disk is changed")).code).toBe(0);
  const restart = await callJson(prism.admin, "prism.admin.v1.AdminService/RestartBackend", { backend: "files" });
  expect(reasonOf(restart)).toBe("BACKEND_DISABLED");
  expect(await backend("disable", "flies")).toMatchObject({ code: 1, stderr: expect.stringContaining('"files"') });
  const control = await runPrism(["control", "show"], { folder: prism.folder });
  expect(control.stdout.toString()).toMatch(/backend files is disabled since \S+Z: the disk is changed\n/);
});

test("a proxy that shares the control state does not start it, and follows when it is enabled, with its data", async () => {
  await using other = await PrismProcess.start({ folder: prism.folder });
  expect(reasonOf(await keyValue(other, "Get", "profile"))).toBe("BACKEND_DISABLED");
  expect(await backendOf(other.admin, "files")).toMatchObject({ state: "disabled", restarts: 0 });
  expect(other.stderr).not.toMatch(/"backend":"files".*"plugin state"/);
  expect(await backend("enable", "files")).toEqual({ code: 0, stdout: "files is ready\n", stderr: "" });
  const { status, body } = await keyValue(prism, "Get", "profile");
  expect([status, body.found]).toEqual([200, true]);
  await eventually("the other proxy's call", 5 * followsWithinMs, async () => {
    return (await keyValue(other, "Get", "profile")).status === 200;
  });
  await backend("disable", "files");
  await eventually("the other proxy's refusal", followsWithinMs, async () => {
    return reasonOf(await keyValue(other, "Get", "profile")) === "BACKEND_DISABLED";
  });
  await backend("enable", "files");
  expect((await keyValue(prism, "Get", "profile")).status).toBe(200);
});
