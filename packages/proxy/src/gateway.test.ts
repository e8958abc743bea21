import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { adminv1 } from "@prism-data/pattern-sdk/protocol";
import { GrpcClient } from "@prism-data/transport";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "./config/load.js";
import { type Gateway, StartError, startGateway } from "./gateway.js";
import { createLog } from "./telemetry/log.js";

/**
 * A plugin as its author would write it, with settings that make it misbehave. Every key exists; its value is the greeting.
 * It lives in the operator's folder, as an installed package would.
 */
const pluginSource = `
import { definePlugin, GatewayError, servePlugin } from ${JSON.stringify(import.meta.resolve("@prism-data/pattern-sdk"))};
import { z } from ${JSON.stringify(import.meta.resolve("zod"))};
await servePlugin(definePlugin({
  name: "tiny", version: "1.0.0", durability: "ephemeral",
  settings: z.strictObject({ greeting: z.string().default("hello"), refuse: z.array(z.string()).default([]) }),
  patterns: { "key-value": { capabilities: [], options: z.strictObject({ times: z.int().max(9).default(1) }) } },
  open({ greeting, refuse }, context) {
    context.reportHealth({ reachable: true });
    const patternOf = ({ times }) => ({
      get: () => ({ value: Buffer.from(greeting.repeat(times)), etag: "1" }),
      set: () => ({ etag: "1" }), delete: () => true, exists: () => true,
    });
    return {
      keyValue: {
        bind({ namespace, options }) {
          if (refuse.includes(namespace)) throw new GatewayError("BACKEND_DENIED", "no such table for " + namespace);
          return { pattern: patternOf(options) };
        },
        deleteData: () => [],
      },
      metrics: () => [{ name: "tiny_greetings", help: "How many.", kind: "gauge", samples: [{ value: 7 }] }],
      close() {},
    };
  },
}));
`;

let dir: string;
let gateway: Gateway | undefined;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "prism-gateway-"));
  const folder = path.join(dir, "node_modules/prism-plugin-tiny");
  await mkdir(folder, { recursive: true });
  const manifest = { name: "prism-plugin-tiny", version: "1.0.0", type: "module", bin: "main.js" };
  await writeFile(path.join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(path.join(folder, "main.js"), pluginSource);
});

afterEach(async () => {
  await gateway?.drain(0);
  gateway = undefined;
  await rm(dir, { recursive: true });
});

/** Replaces the file the way a careful editor does. */
async function configure(text: string): Promise<void> {
  await writeFile(path.join(dir, "next.yaml"), text);
  await rename(path.join(dir, "next.yaml"), path.join(dir, "prism.yaml"));
}

async function start(text: string, listen = "127.0.0.1:0"): Promise<Gateway> {
  await configure(text);
  const origin = { environment: {}, flags: { listen, adminListen: "127.0.0.1:0" }, shippedPluginBases: [] };
  const config = await loadConfig({ workingDir: dir, ...origin });
  const log = createLog({ level: "silent", destination: { write: () => undefined } });
  gateway = await startGateway({ config, ...origin, log, execPath: process.execPath });
  return gateway;
}

async function post(url: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { "content-type": "application/json" };
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** The greeting that a namespace answers with, or the code of the error. */
async function greet(served: Gateway, namespace: string): Promise<string> {
  const { body } = await post(`http://${served.listen}/prism.keyvalue.v1.KeyValueService/Get`, { namespace, key: "k" });
  return typeof body.value === "string" ? Buffer.from(body.value, "base64").toString() : String(body.code);
}

async function admin(served: Gateway, page: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://${served.admin}${page}`);
  return { status: response.status, text: await response.text() };
}

function pidOf(served: Gateway, backend: string): number {
  return served.backends.find(({ name }) => name === backend)?.pid ?? 0;
}

const two = `
backends:
  one: { plugin: tiny }
  two: { plugin: tiny, settings: { greeting: good day } }
namespaces:
  a: { pattern: key-value, backend: one }
  b: { pattern: key-value, backend: two }
`;

describe("a gateway", () => {
  test("lets apps that come while it starts wait, and serves them", async () => {
    const served = await start(two);
    expect(await Promise.all([greet(served, "a"), greet(served, "b")])).toEqual(["hello", "good day"]);
  });

  test("serves every namespace, and tells operators how it is", async () => {
    const served = await start(two);
    await served.ready;
    expect(await greet(served, "a")).toBe("hello");
    expect(await greet(served, "b")).toBe("good day");
    expect(await admin(served, "/livez")).toEqual({ status: 200, text: "ok\n" });
    expect(await admin(served, "/readyz")).toEqual({ status: 200, text: "ready\n" });
    expect((await admin(served, "/readyz?verbose")).text.split("\n")).toEqual([
      "[+]proxy serving",
      "[+]configuration current",
      `[+]control state ${path.join(dir, ".prism/control.db")} current, namespaces declared: 0`,
      "[+]backend one ready",
      "[+]backend two ready",
      '[+]namespace "a" bound',
      '[+]namespace "b" bound',
      "ready",
      "",
    ]);
    const { text } = await admin(served, "/metrics");
    expect(text).toContain('prism_requests_total{namespace="a",pattern="key-value",method="Get",code="OK"} 1');
    expect(text).toContain('prism_plugin_state{backend="one",state="ready"} 1');
    expect(text).toContain('tiny_greetings{backend="two"} 7');
    expect(text.match(/# TYPE tiny_greetings gauge/g)).toHaveLength(1);
    expect(text).toContain("process_cpu_seconds_total");
  });

  test("hands options to the plugin, changes them in place, and sets aside a namespace whose options are wrong", async () => {
    const withOptions = (a: string, b: string) => `
backends: { one: { plugin: tiny } }
namespaces:
  a: { pattern: key-value, backend: one, options: ${a} }
  b: { pattern: key-value, backend: one, options: ${b} }
`;
    const served = await start(withOptions("{ times: 2 }", "{ times: 10, time: 1 }"));
    await served.ready;
    expect(await greet(served, "a")).toBe("hellohello");
    expect(await greet(served, "b")).toBe("unavailable");
    const { text } = await admin(served, "/readyz?verbose");
    expect(text).toContain("namespaces.b.options.times: ");
    expect(text).toContain('namespaces.b.options.time: is not a known key; did you mean "times"?');
    await configure(withOptions("{ times: 3 }", "{}"));
    await served.reload();
    await expect.poll(() => greet(served, "a")).toBe("hellohellohello");
    await expect.poll(() => greet(served, "b")).toBe("hello");
  });

  test("lists and replaces backends for operators, by gRPC and by JSON", async () => {
    const served = await start(two);
    await served.ready;
    const [host = "", port] = served.admin.split(":");
    const client = await GrpcClient.connect({ host, port: Number(port) });
    const answer = await client.unary("/prism.admin.v1.AdminService/ListBackends", new Uint8Array());
    await client.close();
    const { backends } = adminv1.ListBackendsResponse.decode(answer);
    expect(backends.map(({ name, state, namespaces }) => ({ name, state, namespaces }))).toEqual([
      { name: "one", state: "ready", namespaces: ["a"] },
      { name: "two", state: "ready", namespaces: ["b"] },
    ]);
    const before = pidOf(served, "one");
    const url = `http://${served.admin}/prism.admin.v1.AdminService`;
    expect((await post(`${url}/RestartBackend`, { backend: "one" })).status).toBe(200);
    expect(pidOf(served, "one")).not.toBe(before);
    expect(await post(`${url}/RestartBackend`, { backend: "on" })).toMatchObject({
      status: 400,
      body: { message: 'No backend "on" is configured; did you mean "one"?' },
    });
  });

  test("starts a killed plugin again and leaves the others alone", async () => {
    const served = await start(two);
    await served.ready;
    const before = { one: pidOf(served, "one"), two: pidOf(served, "two") };
    process.kill(before.one, "SIGKILL");
    expect(await greet(served, "b")).toBe("good day");
    await expect.poll(() => pidOf(served, "one"), { timeout: 10_000 }).not.toBeOneOf([0, before.one]);
    expect(await greet(served, "a")).toBe("hello");
    expect(pidOf(served, "two")).toBe(before.two);
    expect(served.backends[0]).toMatchObject({ restarts: 1 });
    expect((await admin(served, "/metrics")).text).toContain(
      'prism_plugin_restarts_total{backend="one",reason="crashed"} 1',
    );
  });

  test("serves what can be served, and says what cannot and why", async () => {
    const served = await start(`
backends:
  one: { plugin: tiny, settings: { refuse: [c] } }
  broken: { plugin: tiny, settings: { greting: x } }
namespaces:
  a: { pattern: key-value, backend: one }
  c: { pattern: key-value, backend: one }
  d: { pattern: key-value, backend: broken }
  e: { pattern: key-value, backend: one, needs: [ttl] }
`);
    await served.ready;
    expect(await greet(served, "a")).toBe("hello");
    expect(await greet(served, "c")).toBe("unavailable");
    const { status, text } = await admin(served, "/readyz");
    expect(status).toBe(200);
    expect(text).toMatch(/^\[-\]backend broken .*the plugin refused its settings.*greting/m);
    expect(text).toMatch(/^\[-\]namespace "c" failed: .*no such table for c/m);
    expect(text).toMatch(/^\[-\]namespace "d" pending: backend broken is /m);
    expect(text).toMatch(/^\[-\]namespace "e" failed: needs ttl, which the plugin does not have/m);
    expect(text).toMatch(/^ready \(degraded\)$/m);
  });

  test("stops starting a plugin that ends at once, and serves the others", async () => {
    const spawns = path.join(dir, "spawns");
    const script = `require("node:fs").appendFileSync(${JSON.stringify(spawns)}, "."); console.error("no licence"); process.exit(7)`;
    const command = JSON.stringify([process.execPath, "-e", script]);
    const served = await start(`${two}`.replace("namespaces:", `  broken: { command: ${command} }\nnamespaces:`));
    await served.ready;
    const broken = () => served.backends.find(({ name }) => name === "broken");
    await expect.poll(() => broken()?.state, { timeout: 20_000 }).toBe("crash_loop");
    expect(broken()?.detail).toContain("exited with code 7; its last line: no licence");
    expect(await greet(served, "a")).toBe("hello");
    expect(await readFile(spawns, "utf8")).toBe(".....");
  });

  test("does not start strictly when something cannot serve", async () => {
    const served = await start(`${two}  c: { pattern: key-value, backend: one, needs: [ttl] }\nstrict_start: true`);
    await expect(served.ready).rejects.toThrow(/strict start: namespace c is not bound: needs ttl/);
    await expect(served.ready).rejects.toBeInstanceOf(StartError);
  });

  test("can be ended while its plugins start", async () => {
    const served = await start(two);
    expect(await served.drain(0)).toEqual({ completed: 0, aborted: 0 });
    await served.ready;
    expect(served.backends.map(({ state, pid }) => ({ state, pid }))).toEqual([
      { state: "exited", pid: 0 },
      { state: "exited", pid: 0 },
    ]);
  });

  test("says what to do when its port is taken", async () => {
    await using taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await expect(start(two, `127.0.0.1:${port}`)).rejects.toThrow(
      `cannot listen on 127.0.0.1:${port} (listen): the port is in use, perhaps by another Prism. Stop that process, or choose another port`,
    );
  });

  test("ends its plugins and closes its ports when it drains", async () => {
    const served = await start(two);
    await served.ready;
    const pids = [pidOf(served, "one"), pidOf(served, "two")];
    expect(await served.drain(5_000)).toEqual({ completed: 0, aborted: 0 });
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    await expect(fetch(`http://${served.admin}/livez`)).rejects.toThrow();
  });
});

describe("a changed configuration", () => {
  test("is taken over when the file changes, without a failed call on what stays", async () => {
    const served = await start(two);
    await served.ready;
    const before = pidOf(served, "one");
    const answers = new Set<string>();
    let asking = true;
    const asked = (async () => {
      while (asking) answers.add(await greet(served, "a"));
    })();
    await configure(`
backends:
  one: { plugin: tiny }
  three: { plugin: tiny, settings: { greeting: moin } }
namespaces:
  a: { pattern: key-value, backend: one, timeout: 2s }
  c: { pattern: key-value, backend: three }
`);
    await expect.poll(() => greet(served, "c"), { timeout: 10_000 }).toBe("moin");
    expect(await greet(served, "b")).toBe("not_found");
    await expect.poll(() => served.backends.map(({ name }) => name)).toEqual(["one", "three"]);
    asking = false;
    await asked;
    expect([...answers]).toEqual(["hello"]);
    expect(pidOf(served, "one")).toBe(before);
  });

  test("replaces a plugin whose settings changed, without a failed call", async () => {
    const served = await start(two);
    await served.ready;
    const before = pidOf(served, "two");
    const answers: string[] = [];
    let asking = true;
    const asked = (async () => {
      while (asking) answers.push(await greet(served, "b"));
    })();
    await configure(two.replace("good day", "good night"));
    expect(await served.reload()).toEqual({ result: "applied", failures: [], needRestart: [] });
    await expect.poll(() => answers.at(-1)).toBe("good night");
    asking = false;
    await asked;
    expect(new Set(answers)).toEqual(new Set(["good day", "good night"]));
    await expect.poll(() => isAlive(before), { timeout: 5_000 }).toBe(false);
  });

  test("keeps the old process when the new settings are refused", async () => {
    const served = await start(two);
    await served.ready;
    await configure(two.replace("greeting:", "greting:"));
    expect(await served.reload()).toMatchObject({ result: "applied", failures: [{ backend: "two" }] });
    expect(await greet(served, "b")).toBe("good day");
    await configure(two.replace("good day", "good night"));
    expect(await served.reload()).toMatchObject({ result: "applied", failures: [] });
    expect(await greet(served, "b")).toBe("good night");
  });

  test("moves a namespace to another backend without a failed call", async () => {
    const served = await start(two);
    await served.ready;
    const answers: string[] = [];
    let asking = true;
    const asked = (async () => {
      while (asking) answers.push(await greet(served, "a"));
    })();
    await configure(two.replace("a: { pattern: key-value, backend: one }", "a: { pattern: key-value, backend: two }"));
    expect(await served.reload()).toMatchObject({ result: "applied", failures: [] });
    await expect.poll(() => answers.at(-1)).toBe("good day");
    asking = false;
    await asked;
    expect(new Set(answers)).toEqual(new Set(["hello", "good day"]));
  });

  test("that is broken leaves the last good one serving, and says so", async () => {
    const served = await start(two);
    await served.ready;
    await configure("backends: { one: { plugn: tiny } }");
    const outcome = await served.reload();
    expect(outcome).toMatchObject({ result: "rejected" });
    expect(await greet(served, "b")).toBe("good day");
    const { status, text } = await admin(served, "/readyz");
    expect(status).toBe(200);
    expect(text).toMatch(/^\[-\]configuration: the last good one serves; .*plugn: is not a known key/m);
    expect((await admin(served, "/metrics")).text).toMatch(/prism_config_reloads_total\{result="rejected"\} [1-9]/);
    await configure(two);
    expect(await served.reload()).toEqual({ result: "unchanged" });
    expect((await admin(served, "/readyz")).text).toBe("ready\n");
  });

  test("tells which options need another start", async () => {
    const served = await start(two);
    await served.ready;
    await configure(`${two}limits: { message_size: 1MiB }\ndata_dir: ./elsewhere`);
    expect(await served.reload()).toEqual({
      result: "applied",
      failures: [],
      needRestart: ["data_dir", "limits"],
    });
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
