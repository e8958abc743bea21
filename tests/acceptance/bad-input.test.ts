import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { failureFrom } from "./error-details.ts";
import { GrpcClient } from "./grpc-client.ts";
import { postJson, reasonOf } from "./json-call.ts";
import { KeyValueClient } from "./key-value-client.ts";
import { runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { rawUnary } from "./raw-unary.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";

describe("a configuration with five mistakes", () => {
  const fiveMistakes = `
backends:
  memory: { plugin: memstore }
  cache: { plugin: reddis }
namespaces:
  demo: { pattern: key-value, backend: memroy }
  profile: { pattern: keyvalue, backend: memory, timeout: 5 seconds }
nmespaces: {}
`;
  const problems: readonly (readonly [string, RegExp])[] = [
    ["an unknown plugin", /backends\.cache\.plugin: .*reddis.*npm install/],
    ["a misspelt backend", /namespaces\.demo\.backend: .*did you mean "memory"/],
    ["a misspelt pattern", /namespaces\.profile\.pattern: .*did you mean "key-value"/],
    ["a duration", /namespaces\.profile\.timeout: .*5s/],
    ["a misspelt key", /nmespaces: .*did you mean "namespaces"/],
  ];

  test.each(["check", "serve"])("prism %s lists them all, with what to do, and exits 2", async (command) => {
    await using folder = await createTemporaryFolder();
    writeFileSync(join(folder.path, "prism.yaml"), fiveMistakes);
    const { code, stdout, stderr } = await runPrism([command], { folder: folder.path });
    expect({ code, stdout: stdout.toString() }).toEqual({ code: 2, stdout: "" });
    for (const [, problem] of problems) expect(stderr).toMatch(problem);
    expect(stderr).toContain("5 problems");
  });

  test("a flag that is wrong is named as such", async () => {
    await using folder = await createTemporaryFolder();
    const { code, stderr } = await runPrism(["serve", "--listen", "nowhere"], { folder: folder.path });
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining("--listen") });
  });
});

describe("a start that cannot be", () => {
  test("a port in use exits 3, names the address, and leaves no child", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as { port: number };
    await using prism = await PrismProcess.launch({ config: configOf([memory], { listen: `127.0.0.1:${port}` }) });
    expect(await prism.ended).toEqual({ code: 3, signal: null });
    expect(prism.stderr).toContain(`127.0.0.1:${port}`);
    expect(prism.stdout).toBe("");
    taken.close();
  });

  test("a plugin that never says ready does not stop the others, and is killed at its deadline", async () => {
    const mute = { command: ["sleep", "600"], start_timeout: "300ms" };
    const config = configOf([memory], {
      backends: { mute },
      namespaces: { lost: { pattern: "key-value", backend: "mute" } },
    });
    await using prism = await PrismProcess.start({ config });
    using client = new KeyValueClient(prism.listen, namespaceOn(memory));
    await client.set("k", "v");
    using lost = new KeyValueClient(prism.listen, "lost");
    expect(await failureFrom(lost.get("k"))).toMatchObject({ code: "UNAVAILABLE", reason: "PLUGIN_UNAVAILABLE" });
    expect(prism.stderr).toMatch(/300 ?ms|start_timeout/);
  });

  test("under strict start the same exits 3", async () => {
    const mute = { command: ["sleep", "600"], start_timeout: "300ms" };
    const config = configOf([memory], { backends: { mute } });
    await using prism = await PrismProcess.launch({ config, arguments: ["--strict-start"] });
    expect(await prism.ended).toEqual({ code: 3, signal: null });
    expect(prism.stderr).toContain("mute");
  });

  test("a temporary folder that is too long for a socket's path does not matter", async () => {
    await using folder = await createTemporaryFolder();
    const long = join(folder.path, "x".repeat(100));
    mkdirSync(long);
    await using prism = await PrismProcess.start({ config: configOf([memory]), environment: { TMPDIR: long } });
    using client = new KeyValueClient(prism.listen, namespaceOn(memory));
    await client.set("k", "v");
  });
});

describe("a call that cannot be", () => {
  const namespace = namespaceOn(memory);
  let prism: PrismProcess;
  let client: KeyValueClient;

  beforeAll(async () => {
    prism = await PrismProcess.start({ config: configOf([memory]) });
    client = new KeyValueClient(prism.listen, namespace);
  });
  afterAll(async () => {
    client[Symbol.dispose]();
    await prism[Symbol.asyncDispose]();
  });

  const invalid = (reason: string) => ({ code: "INVALID_ARGUMENT", reason, domain: "prism.dev" });

  test.each([
    ["no key", ""],
    ["a key of 1,025 bytes", "k".repeat(1_025)],
    ["a key of 1,025 bytes in 513 letters", `${"é".repeat(512)}k`],
  ])("%s is INVALID_FIELD and names the field", async (_, key) => {
    expect(await failureFrom(client.get(key))).toMatchObject({ ...invalid("INVALID_FIELD"), fields: ["key"] });
    expect(await failureFrom(client.set(key, "v"))).toMatchObject({ ...invalid("INVALID_FIELD"), fields: ["key"] });
    const json = await postJson(prism.listen, "Get", { namespace, key });
    expect({ status: json.status, reason: reasonOf(json) }).toEqual({ status: 400, reason: "INVALID_FIELD" });
  });

  test("keys of 1 and of 1,024 bytes are fine", async () => {
    for (const key of ["k", "k".repeat(1_024)]) await client.set(key, "v");
  });

  test("a value over the limit is VALUE_TOO_LARGE and changes nothing", async () => {
    await client.set("large", "small");
    expect(await failureFrom(client.set("large", Buffer.alloc(3 * 1024 * 1024 + 1)))).toMatchObject(
      invalid("VALUE_TOO_LARGE"),
    );
    expect(await client.text("large")).toBe("small");
  });

  test("a message over the limit is MESSAGE_TOO_LARGE", async () => {
    expect(await failureFrom(client.set("large", Buffer.alloc(5 * 1024 * 1024)))).toMatchObject({
      code: "RESOURCE_EXHAUSTED",
      reason: "MESSAGE_TOO_LARGE",
    });
  });

  test("an unknown namespace is NOT_FOUND and names those that there are", async () => {
    using lost = new KeyValueClient(prism.listen, "demmo");
    const failure = await failureFrom(lost.get("k"));
    expect(failure).toMatchObject({ code: "NOT_FOUND", reason: "NAMESPACE_NOT_FOUND" });
    expect(failure.message).toContain("demmo");
    expect(failure.message).toContain(namespace);
  });

  test("a namespace that is missing is INVALID_FIELD", async () => {
    using nameless = new KeyValueClient(prism.listen, "");
    expect(await failureFrom(nameless.get("k"))).toMatchObject({ ...invalid("INVALID_FIELD"), fields: ["namespace"] });
  });

  test.each([
    ["a service that nobody offers", "/prism.graph.v1.GraphService/Query"],
    ["a method that the service does not have", "/prism.keyvalue.v1.KeyValueService/Frobnicate"],
  ])("%s is UNIMPLEMENTED", async (_, path) => {
    const failure = await failureFrom(rawUnary(prism.listen, path, Buffer.alloc(0)));
    expect(failure).toMatchObject({ code: "UNIMPLEMENTED", reason: "METHOD_NOT_FOUND" });
  });

  test.each([
    ["bytes that are no message", Buffer.from([0xff, 0xff, 0xff])],
    ["a namespace that is no UTF-8", Buffer.from([0x0a, 0x02, 0xc3, 0x28])],
    ["a field that ends too early", Buffer.concat([namespaceField(namespace), Buffer.from([0x12, 0x7f, 0x61])])],
    ["a key that is no UTF-8", Buffer.concat([namespaceField(namespace), Buffer.from([0x12, 0x02, 0xc3, 0x28])])],
  ])("%s: MALFORMED_MESSAGE", async (_, bytes) => {
    const failure = await failureFrom(rawUnary(prism.listen, "/prism.keyvalue.v1.KeyValueService/Get", bytes));
    expect(failure).toMatchObject(invalid("MALFORMED_MESSAGE"));
  });

  test("unknown fields of protobuf are skipped", async () => {
    const known = Buffer.concat([namespaceField(namespace), Buffer.from([0x12, 0x01, 0x6b])]);
    const unknown = Buffer.from([0xfa, 0x7f, 0x01, 0x61]);
    await rawUnary(prism.listen, "/prism.keyvalue.v1.KeyValueService/Get", Buffer.concat([known, unknown]));
  });

  test.each([
    ["no JSON at all", "{not json", "MALFORMED_MESSAGE"],
    ["JSON that is no object", "[1]", "MALFORMED_MESSAGE"],
    ["a number for a text", { namespace, key: 5 }, "INVALID_FIELD"],
    ["an unknown field", { namespace, kee: "k" }, "UNKNOWN_FIELD"],
  ])("%s over HTTP is a 400 with its reason", async (_, body, reason) => {
    const answer = await postJson(prism.listen, "Get", body);
    expect(answer).toMatchObject({ status: 400, body: { code: "invalid_argument" } });
    expect(reasonOf(answer)).toBe(reason);
  });

  test("an unknown field over HTTP is answered with the one that was meant", async () => {
    const { body } = await postJson(prism.listen, "Get", { namespace, kee: "k" });
    expect(body.message).toMatch(/kee/);
    expect(body.message).toMatch(/key/);
  });

  test("an unknown content type is a 415 that names the known ones", async () => {
    const response = await fetch(`http://${prism.listen}/prism.keyvalue.v1.KeyValueService/Get`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: "{}",
    });
    expect(response.status).toBe(415);
    expect(response.headers.get("accept-post")).toContain("application/json");
  });

  test("a GET is a 405", async () => {
    expect((await fetch(`http://${prism.listen}/prism.keyvalue.v1.KeyValueService/Get`)).status).toBe(405);
  });

  test("a pattern that the backend does not offer is found by prism check", async () => {
    const config = configOf([], {
      backends: { memory: memory.config() },
      namespaces: { reports: { pattern: "relational", backend: "memory" } },
    });
    await using folder = await createTemporaryFolder();
    writeFileSync(join(folder.path, "prism.yaml"), JSON.stringify(config));
    const { code, stderr } = await runPrism(["check"], { folder: folder.path });
    expect(code).toBe(2);
    expect(stderr).toContain("namespaces.reports.pattern");
  });

  test("a backend that the admin API does not know is INVALID_FIELD and names those that it knows", async () => {
    using admin = new GrpcClient(prism.admin, "prism.admin.v1.AdminService");
    const failure = await failureFrom(admin.unary("DescribeBackend", { backend: "nowhere" }, 5_000));
    expect(failure).toMatchObject({ ...invalid("INVALID_FIELD"), fields: ["backend"] });
    expect(failure.message).toContain("memory");
  });
});

/** Field 1 of every request. */
function namespaceField(name: string): Buffer {
  return Buffer.concat([Buffer.from([0x0a, Buffer.byteLength(name)]), Buffer.from(name)]);
}
