import { afterAll, beforeAll, expect, test } from "vitest";
import { configOf, memory, namespaceOn } from "./backends.ts";
import { eventually } from "./eventually.ts";
import { runCommand, startCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";

const namespace = namespaceOn(memory);
let prism: PrismProcess;

beforeAll(async () => {
  prism = await PrismProcess.start({ config: configOf([memory]) });
});
afterAll(() => prism[Symbol.asyncDispose]());

/** What curl prints, as the README shows it, and the HTTP status. */
async function curl(method: string, body: object, ...more: string[]): Promise<{ status: number; body: unknown }> {
  const url = `http://${prism.listen}/prism.keyvalue.v1.KeyValueService/${method}`;
  const header = ["-H", "content-type: application/json"];
  const given = ["-sS", "-w", "\n%{http_code}", "-d", JSON.stringify(body), ...header, ...more, url];
  const { stdout, stderr, code } = await runCommand("curl", given);
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr}`);
  const [text = "", status = ""] = stdout.toString().split(/\n(?=\d+$)/);
  return { status: Number(status), body: JSON.parse(text) };
}

test("curl sets, gets, looks up and deletes a key", async () => {
  const value = Buffer.from("hello").toString("base64");
  const set = await curl("Set", { namespace, key: "k", value });
  expect(set).toMatchObject({ status: 200, body: { etag: expect.stringMatching(/./) } });
  const { etag } = set.body as { etag: string };
  expect(await curl("Get", { namespace, key: "k" })).toEqual({ status: 200, body: { found: true, value, etag } });
  expect(await curl("Exists", { namespace, key: "k" })).toEqual({ status: 200, body: { exists: true } });
  expect(await curl("Delete", { namespace, key: "k" })).toEqual({ status: 200, body: { existed: true } });
});

test("a missing key is an answer that says so", async () => {
  expect(await curl("Get", { namespace, key: "missing" })).toMatchObject({ status: 200, body: { found: false } });
});

test("64-bit numbers are strings, and durations and times are text", async () => {
  expect(await curl("Increment", { namespace, key: "counter", delta: "3" })).toMatchObject({ body: { value: "3" } });
  await curl("Set", { namespace, key: "short-lived", value: "", ttl: "3600s" });
  const ttl = await curl("GetTtl", { namespace, key: "short-lived" });
  expect(ttl.body).toMatchObject({ found: true, ttl: expect.stringMatching(/^3[56]\d\d(\.\d+)?s$/) });
  const { expireTime } = ttl.body as { expireTime: string };
  expect(Math.abs(Date.parse(expireTime) - Date.now() - 3_600_000)).toBeLessThan(10_000);
});

test("field names may be written as in the proto file", async () => {
  const { etag } = (await curl("Set", { namespace, key: "names", value: "AQ==" })).body as { etag: string };
  expect((await curl("Set", { namespace, key: "names", value: "Ag==", if_etag: etag })).status).toBe(200);
  expect((await curl("Set", { namespace, key: "names", value: "Ag==", ifEtag: etag })).status).toBe(409);
});

test("an error is {code, message, details}, with one ErrorInfo", async () => {
  const { status, body } = await curl("Get", { namespace: "demmo", key: "k" });
  expect(status).toBe(404);
  expect(body).toMatchObject({ code: "not_found", message: expect.stringContaining("demmo") });
  const { details } = body as { details: { type: string; value: string; debug: unknown }[] };
  expect(details.filter(({ type }) => type === "google.rpc.ErrorInfo")).toEqual([
    {
      type: "google.rpc.ErrorInfo",
      value: expect.stringMatching(/^[A-Za-z0-9+/]+$/),
      debug: expect.objectContaining({ reason: "NAMESPACE_NOT_FOUND", domain: "prism.dev" }),
    },
  ]);
});

test("a deadline is given by the Connect-Timeout-Ms header", async () => {
  const set = await curl("Get", { namespace, key: "k" }, "-H", "connect-timeout-ms: 10000");
  expect(set.status).toBe(200);
  const bad = await curl("Get", { namespace, key: "k" }, "-H", "connect-timeout-ms: soon");
  expect(bad).toMatchObject({ status: 400, body: { code: "invalid_argument" } });
});

test("HTTP/1.1 and HTTP/2 share the port", async () => {
  const value = Buffer.alloc(1024 * 1024, "x").toString("base64");
  const url = `http://${prism.listen}/prism.keyvalue.v1.KeyValueService/Set`;
  const given = ["-sS", "--http2-prior-knowledge", "-H", "content-type: application/json", "-d", "@-", url];
  const { stdout } = await runCommand("curl", given, { input: JSON.stringify({ namespace, key: "large", value }) });
  expect(JSON.parse(stdout.toString())).toMatchObject({ etag: expect.stringMatching(/./) });
  expect((await curl("Get", { namespace, key: "large" })).body).toMatchObject({ value });
});

// Long enough for a key to be set meanwhile; curl ends with the call.
const watchedMs = 1_500;

test.each([
  ["HTTP/1.1", "--http1.1"],
  ["HTTP/2", "--http2-prior-knowledge"],
])("many messages come as lines over %s, and the last says why there are no more", async (_, version) => {
  const url = `http://${prism.listen}/prism.keyvalue.v1.KeyValueService/Watch`;
  const headers = ["-H", "content-type: application/json", "-H", `connect-timeout-ms: ${watchedMs}`];
  const body = JSON.stringify({ namespace, prefix: version });
  await using watch = startCommand("curl", ["-sSN", version, ...headers, "-d", body, url]);
  await eventually("the first line", watchedMs, () => watch.stdout === '{"started":{}}\n');
  await curl("Set", { namespace, key: `${version}-k`, value: "AQ==" });
  expect(await watch.ended).toBe(0);
  const lines = watch.stdout.trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { started: {} },
    { change: { kind: "CHANGE_KIND_SET", key: `${version}-k`, value: "AQ==" } },
    { error: { code: "deadline_exceeded" } },
  ]);
});

test("a call that fails before its first message looks like any other that fails", async () => {
  expect(await curl("Watch", { namespace: "demmo" })).toMatchObject({ status: 404, body: { code: "not_found" } });
});
