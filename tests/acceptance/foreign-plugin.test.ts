import { statSync } from "node:fs";
import { dirname } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backendOf, pluginPid } from "./admin-client.ts";
import { EchoClient, metadataOf } from "./echo-client.ts";
import { failureFrom } from "./error-details.ts";
import { eventually } from "./eventually.ts";
import { echoService, type ForeignPlugin, prepareForeignPlugin } from "./foreign-plugin.ts";
import { KeyValueClient, newIdempotencyToken } from "./key-value-client.ts";
import { readMetric } from "./metric.ts";
import { boundSockets } from "./open-sockets.ts";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { isLive } from "./process-table.ts";
import { toolchainFolder } from "./repository.ts";

// The plugin is told by the end of its stdin; nothing polls.
const orphanGoneWithinMs = 1_000;
// Three missed intervals of 2 s, then Python has to start.
const replacedWithinMs = 20_000;

const namespaces = {
  notes: { pattern: "key-value", backend: "foreign" },
  "notes/other": { pattern: "key-value", backend: "foreign" },
  searchable: { pattern: "key-value", backend: "foreign", needs: ["scan"] },
  elsewhere: { pattern: "key-value", backend: "memory" },
};
const services = { [echoService]: { backend: "foreign" } };
const configWith = (foreign: object) => ({
  backends: { foreign, memory: { plugin: "memstore" } },
  namespaces,
  services,
});

let plugin: ForeignPlugin;
let prism: PrismProcess;

beforeAll(async () => {
  plugin = await prepareForeignPlugin();
  prism = await PrismProcess.start({ config: configWith(plugin.config()) });
});
afterAll(async () => {
  await prism?.[Symbol.asyncDispose]();
  await plugin?.[Symbol.asyncDispose]();
});

/** What curl gets from a method of any service. */
async function curl(path: string, body: object, ...more: string[]): Promise<unknown> {
  const given = ["-sS", "-d", JSON.stringify(body), "-H", "content-type: application/json", ...more];
  const { stdout, stderr, code } = await runCommand("curl", [...given, `http://${prism.listen}/${path}`]);
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  return JSON.parse(stdout.toString());
}

async function grpcurl(...given: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(`${toolchainFolder}/bin/grpcurl`, ["-plaintext", ...given]);
  if (code !== 0) throw new Error(`grpcurl ended with ${code}: ${stderr}`);
  return stdout.toString();
}

test("its socket is one that only its user can reach", async () => {
  const sockets = boundSockets(await pluginPid(prism.admin, "foreign"));
  const permissions = (path: string) => (statSync(path).mode & 0o777).toString(8);
  expect(sockets.map((socket) => [permissions(socket), permissions(dirname(socket))])).toEqual([["600", "700"]]);
});

test("it refuses whoever does not know its token", async () => {
  const [socket] = boundSockets(await pluginPid(prism.admin, "foreign"));
  using intruder = new EchoClient(`unix:${socket}`);
  expect(await failureFrom(intruder.echo("hello"))).toMatchObject({ code: "UNAUTHENTICATED" });
});

describe("key-value on a plugin in another language", () => {
  let notes: KeyValueClient;
  beforeAll(() => {
    notes = new KeyValueClient(prism.listen, "notes");
  });
  afterAll(() => notes[Symbol.dispose]());

  test("keeps a key between its set and its delete", async () => {
    const value = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    const { etag } = await notes.set("k", value);
    const answer = await notes.get("k");
    expect(answer).toMatchObject({ found: true, etag });
    expect(answer.value.equals(value)).toBe(true);
    expect(await notes.exists("k")).toEqual({ exists: true });
    expect(await notes.delete("k")).toEqual({ existed: true });
    expect(await notes.exists("k")).toEqual({ exists: false });
  });

  test("takes a value of 2 MiB", async () => {
    const value = Buffer.alloc(2 * 1024 * 1024, "0123456789abcdef");
    await notes.set("large", value);
    expect((await notes.get("large")).value.equals(value)).toBe(true);
  });

  test("keeps namespaces apart", async () => {
    using other = new KeyValueClient(prism.listen, "notes/other");
    await notes.set("shared", "of notes");
    expect(await other.text("shared")).toBeUndefined();
    await other.set("shared", "of other");
    expect(await notes.text("shared")).toBe("of notes");
  });

  test("applies a write that is repeated with its token once", async () => {
    const idempotencyToken = newIdempotencyToken();
    const first = await notes.set("once", "1", { idempotencyToken });
    expect(await notes.set("once", "1", { idempotencyToken })).toEqual(first);
  });

  test("answers curl", async () => {
    const value = Buffer.from("hello").toString("base64");
    await curl("prism.keyvalue.v1.KeyValueService/Set", { namespace: "notes", key: "c", value });
    const answer = await curl("prism.keyvalue.v1.KeyValueService/Get", { namespace: "notes", key: "c" });
    expect(answer).toMatchObject({ found: true, value });
  });

  test("hands the plugin's own error to the app", async () => {
    const failure = await failureFrom(notes.set("k", "v", { ifAbsent: true }));
    expect(failure).toMatchObject({ code: "UNIMPLEMENTED", reason: "CAPABILITY_MISSING", domain: "prism.dev" });
  });

  test("refuses the methods of capabilities", async () => {
    expect(await failureFrom(notes.call("Scan", { prefix: "" }))).toMatchObject({ code: "UNIMPLEMENTED" });
  });
});

describe("a namespace that needs more than the plugin has", () => {
  test("is refused with the reason, and the others serve", async () => {
    using searchable = new KeyValueClient(prism.listen, "searchable");
    const failure = await failureFrom(searchable.get("k"));
    expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "NAMESPACE_UNAVAILABLE" });
    expect(failure.message).toContain("scan");
    for (const namespace of ["notes", "elsewhere"]) {
      using other = new KeyValueClient(prism.listen, namespace);
      await other.set("served", "v");
      expect(await other.text("served")).toBe("v");
    }
  });

  test("is named by /readyz", async () => {
    const answer = await fetch(`http://${prism.admin}/readyz?verbose`);
    expect(await answer.text()).toMatch(/^\[-\]namespace "searchable" failed: .*scan/m);
  });
});

describe("a service of the plugin's own", () => {
  let client: EchoClient;
  beforeAll(() => {
    client = new EchoClient(prism.listen);
  });
  afterAll(() => client[Symbol.dispose]());

  test("answers a unary call, with metadata both ways", async () => {
    const note = Buffer.from([0, 1, 254, 255]);
    const { text, headers, trailers } = await client.echo("hello", {
      metadata: metadataOf({ "acme-note": "of the app", "acme-note-bin": note }),
    });
    expect(text).toBe("hello");
    for (const received of [headers, trailers]) {
      expect(received.get("acme-note")).toEqual(["of the app"]);
      expect(received.get("acme-note-bin")).toEqual([note]);
    }
  });

  test("answers each message of a bidirectional call before the next is sent", async () => {
    const chat = client.chat();
    const answers = chat[Symbol.asyncIterator]();
    for (const text of ["one", "two", "three"]) {
      chat.write({ text });
      expect((await answers.next()).value).toEqual({ text });
    }
    chat.end();
    expect(await answers.next()).toMatchObject({ done: true });
  });

  test("is listed and described by reflection", async () => {
    expect((await grpcurl(prism.listen, "list")).split("\n")).toContain(echoService);
    expect(await grpcurl(prism.listen, "describe", echoService)).toContain(
      "rpc Chat ( stream .acme.echo.v1.ChatRequest )",
    );
    const answer = await grpcurl("-d", '{"text":"hi"}', prism.listen, `${echoService}/Echo`);
    expect(JSON.parse(answer)).toEqual({ text: "hi" });
  });

  test("answers curl", async () => {
    expect(await curl(`${echoService}/Echo`, { text: "hello" })).toEqual({ text: "hello" });
    const unknown = { state: "CALL_STATE_UNSPECIFIED" };
    expect(await curl(`${echoService}/FindCall`, { requestId: "never seen" })).toEqual(unknown);
    expect(await curl(`${echoService}/FindCall`, { request_id: "never seen" })).toEqual(unknown);
  });

  test("is SERVING", async () => {
    const given = ["-d", JSON.stringify({ service: echoService }), prism.listen, "grpc.health.v1.Health/Check"];
    expect(JSON.parse(await grpcurl(...given))).toEqual({ status: "SERVING" });
  });
});

test("its metrics are shown with the backend as label", async () => {
  using notes = new KeyValueClient(prism.listen, "notes");
  await notes.set("counted", "v");
  expect(await readMetric(prism.admin, "acme_keys", 'backend="foreign",store="memory"')).toBeGreaterThan(0);
});

test("its log lines appear in the proxy's log", () => {
  expect(prism.log).toContainEqual(expect.objectContaining({ msg: "configured", backend: "foreign" }));
});

describe("supervision of a plugin in another language", () => {
  test("ends what it held when it is killed, and starts it again with all it serves", async () => {
    const pid = await pluginPid(prism.admin, "foreign");
    using client = new EchoClient(prism.listen);
    const chat = client.chat();
    const answers = chat[Symbol.asyncIterator]();
    chat.write({ text: "one" });
    await answers.next();
    process.kill(pid, "SIGKILL");
    expect(await failureFrom(answers.next())).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_CRASHED" });
    await pluginPid(prism.admin, "foreign", pid);
    using notes = new KeyValueClient(prism.listen, "notes");
    await notes.set("after", "v");
    expect(await notes.text("after")).toBe("v");
    expect((await client.echo("after")).text).toBe("after");
  });

  test("replaces it when it reports its health no more", async () => {
    await using other = await PrismProcess.start({ config: configWith(plugin.config("--silent")) });
    const pid = await pluginPid(other.admin, "foreign");
    await pluginPid(other.admin, "foreign", pid, replacedWithinMs);
    await eventually("the end of the silent process", 1_000, () => !isLive(pid));
    expect((await backendOf(other.admin, "foreign")).restarts).toBeGreaterThan(0);
    const labels = 'backend="foreign",reason="unresponsive"';
    expect(await readMetric(other.admin, "prism_plugin_restarts_total", labels)).toBeGreaterThan(0);
  });

  test("drains it when the proxy is asked to stop", async () => {
    await using other = await PrismProcess.start({ config: configWith(plugin.config()) });
    const pid = await pluginPid(other.admin, "foreign");
    expect(await other.stop("SIGTERM")).toEqual({ code: 0, signal: null });
    expect(isLive(pid)).toBe(false);
    expect(other.log.filter(({ msg }) => msg === "plugin did not drain")).toEqual([]);
  });

  test("lets it end with a proxy that is killed", async () => {
    await using other = await PrismProcess.start({ config: configWith(plugin.config()) });
    const pid = await pluginPid(other.admin, "foreign");
    await other.stop("SIGKILL");
    await eventually("the end of the plugin", orphanGoneWithinMs, () => !isLive(pid));
  });
});
