import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiFailure, NamespaceApi } from "./namespace-api.ts";
import { runCommand, runPrism } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { repositoryRoot } from "./repository.ts";
import { createTemporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

const appOf = (fields: string) => `syntax = "proto3";
package acme;
import "prism/options.proto";
import "google/protobuf/timestamp.proto";

message UserEvents {
  option (prism.access_pattern) = "append_heavy";
  ${fields}
}

message Tag { string name = 1; }
message Unrelated { string text = 1; }
`;
const first = appOf("string user = 1; google.protobuf.Timestamp time = 2; repeated Tag tags = 3;");
const more = first.replace("repeated Tag", "int32 page = 4; repeated Tag");
const breaking = more.replace("string user", "bytes user").replace("google.protobuf.Timestamp time = 2;", "");

const what = [
  /acme\.UserEvents\.user: its type is string, and would be bytes \(FIELD_WIRE_JSON_COMPATIBLE_TYPE\)/,
  /acme\.UserEvents\.time: is gone, .* add reserved 2 \(FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED\)/,
];

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await createTemporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

async function run(...given: string[]) {
  const { code, stdout, stderr } = await runPrism(given, { folder: folder.path });
  return { code, stdout: stdout.toString(), stderr };
}

const write = (name: string, text: string) => writeFile(join(folder.path, name), text);

/** The same on a file and at a running proxy. */
async function expectKept(...where: string[]): Promise<void> {
  await write("app.proto", first);
  expect(await run("apply", "app.proto", ...where)).toMatchObject({ code: 0, stderr: "" });
  const shown = await run("schema", "get", "user-events", ...where);
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  expect(shown.stdout).toContain(`// app.proto
syntax = "proto3";
package acme;
import "google/protobuf/timestamp.proto";

message Tag {
  string name = 1;
}

message UserEvents {
  string user = 1;
  .google.protobuf.Timestamp time = 2;
  repeated .acme.Tag tags = 3;
}
`);
  expect(shown.stdout).not.toContain("Unrelated");

  await write("app.proto", more);
  const changed = await run("apply", "app.proto", ...where);
  expect(changed).toMatchObject({ code: 0, stderr: "" });
  expect(changed.stdout).toMatch(/changes +schema: acme\.UserEvents \(\w{8}\) → acme\.UserEvents \(\w{8}\)/);
  expect((await run("apply", "app.proto", ...where)).stdout).toContain("= user-events");

  await write("app.proto", breaking);
  const refused = await run("apply", "app.proto", ...where);
  expect(refused.code).toBe(1);
  for (const part of what) expect(refused.stderr).toMatch(part);
  const diff = await run("schema", "diff", "user-events", "app.proto", ...where);
  expect(diff.code).toBe(1);
  expect(diff.stdout).toMatch(/acme\.UserEvents\.user +its type is string, and would be bytes/);
  expect((await run("schema", "get", "user-events", ...where)).stdout).toContain("string user = 1;");

  const allowed = await run("apply", "app.proto", "--allow-schema-breaking", ...where);
  expect(allowed).toMatchObject({ code: 0, stderr: "" });
  expect(allowed.stdout).toMatch(/breaks +acme\.UserEvents\.user: its type is string/);
  expect((await run("schema", "get", "user-events", ...where)).stdout).toContain("bytes user = 1;");
}

describe("in a file", () => {
  test("an app's messages are kept beside prism.yaml, and a change that breaks readers is refused until it is allowed", async () => {
    await write("prism.yaml", "backends:\n  memory: { plugin: memstore }\n");
    await expectKept("-c", "prism.yaml");
    const text = await readFile(join(folder.path, "prism.yaml"), "utf8");
    expect(text).toContain("schema: { message: acme.UserEvents, file: schemas/user-events.binpb }");
    const buf = `${repositoryRoot}/node_modules/.bin/buf`;
    const built = await runCommand(buf, ["build", "schemas/user-events.binpb", "-o", "-#format=json"], {
      folder: folder.path,
    });
    expect(built).toMatchObject({ code: 0, stderr: "" });
  });

  test("a namespace whose policy is none takes any change", async () => {
    const text = await readFile(join(folder.path, "prism.yaml"), "utf8");
    await write("prism.yaml", text.replace("schema: { ", "schema: { compatibility: none, "));
    await write("app.proto", first);
    expect(await run("apply", "app.proto")).toMatchObject({ code: 0, stderr: "" });
    expect(await readFile(join(folder.path, "prism.yaml"), "utf8")).toContain("compatibility: none");
  });

  test("what cannot be compared is said", async () => {
    await write("prism.yaml", "backends:\n  memory: { plugin: memstore }\n");
    await write("alone.proto", first.replace("Tag tags", "parts.Tag tags"));
    expect((await run("plan", "alone.proto")).stdout).toMatch(
      /warning +its messages are not kept, .* parts\.Tag were not given/,
    );
    expect(await run("schema", "get", "user-events")).toMatchObject({ code: 2 });
    await write(
      "prism.yaml",
      "backends:\n  memory: { plugin: memstore }\nnamespaces:\n  user-events: { pattern: stream, backend: memory, schema: { message: acme.UserEvents, file: gone.binpb } }\n",
    );
    const gone = await run("plan", "app.proto");
    expect(gone).toMatchObject({ code: 2 });
    expect(gone.stderr).toContain("gone.binpb cannot be read (ENOENT)");
  });
});

describe("at a running proxy", () => {
  let prism: PrismProcess;
  let api: NamespaceApi;
  beforeAll(async () => {
    prism = await PrismProcess.start({ config: { backends: { memory: { plugin: "memstore" } } } });
    api = new NamespaceApi(prism.admin);
  });
  afterAll(() => prism[Symbol.asyncDispose]());

  test("an app's messages are kept with the namespace, and a change that breaks readers is refused until it is allowed", async () => {
    await expectKept("--admin", prism.admin);
  });

  test("the same holds in JSON", async () => {
    const needs = (text: string) => ({ needs: { protos: { files: [{ name: "app.proto", text }] } } });
    const own = (text: string) =>
      needs(text.replace('"append_heavy";', '"append_heavy"; option (prism.namespace) = "own";'));
    await api.call("ApplyNeeds", own(first));
    const shown = await api.call<{ message: string; descriptorSet: string; files: { name: string; text: string }[] }>(
      "GetNamespaceSchema",
      { name: "own" },
    );
    expect(shown.message).toBe("acme.UserEvents");
    expect(shown.files.map(({ name }) => name)).toEqual(["google/protobuf/timestamp.proto", "app.proto"]);
    expect(Buffer.from(shown.descriptorSet, "base64").includes("UserEvents")).toBe(true);
    const failure = await api.call("ApplyNeeds", own(breaking)).catch((error: unknown) => error as ApiFailure);
    expect(failure).toMatchObject({ code: "failed_precondition", reason: "PLAN_REFUSED" });
    for (const part of what) expect((failure as ApiFailure).message).toMatch(part);
    await api.update({ name: "own", declaration: { schema: { compatibility: "none" } } });
    expect(await api.call("ApplyNeeds", own(breaking))).toMatchObject({ changed: ["own"] });
    const written = { needs: { written: { "acme.UserEvents": { namespace: "own", access_pattern: "append_heavy" } } } };
    expect(await api.call("ApplyNeeds", written)).toMatchObject({
      plan: { namespaces: [{ action: { kind: "keep" } }] },
    });
    expect(await api.call("GetNamespaceSchema", { name: "own" })).toMatchObject({ message: "acme.UserEvents" });
  });

  test("a namespace of the API names no file", async () => {
    const declaration = { pattern: "stream", backend: "memory", schema: { message: "acme.A", file: "a.binpb" } };
    const failure = await api.apply({ filed: declaration }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiFailure);
    expect((failure as ApiFailure).fields).toEqual([
      "namespaces[0].declaration.schema.message",
      "namespaces[0].declaration.schema.file",
    ]);
  });
});
