import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { breakingChanges } from "./breaking-changes.js";
import type { Schema } from "./schema.js";
import { schemaChanges } from "./schema-changes.fixture.js";
import { schemaOfDescriptors } from "./schema-of-descriptors.js";
import { schemaOfProtos } from "./schema-of-proto.js";

type Side = "before" | "after";

/** Each change is a file of its own, so that buf judges all of them in one run. */
const folder = mkdtempSync(path.join(tmpdir(), "prism-schema-"));
afterAll(() => rmSync(folder, { recursive: true }));
for (const side of ["before", "after"] as const) {
  mkdirSync(path.join(folder, side));
  writeFileSync(path.join(folder, side, "buf.yaml"), "version: v2\nbreaking:\n  use: [WIRE_JSON]\n");
  for (const { file, text } of filesOf(side)) writeFileSync(path.join(folder, side, file), text);
}

function filesOf(side: Side): readonly { readonly file: string; readonly text: string }[] {
  return schemaChanges.map(({ [side]: text }, index) => {
    const [syntax = ""] = /^syntax = "\w+"; /.exec(text) ?? [];
    const head = `${syntax || 'syntax = "proto3"; '}package case${index}; `;
    return { file: `case${index}.proto`, text: head + text.slice(syntax.length) };
  });
}

/** The rules that buf finds broken by each change. */
function verdictsOfBuf(): readonly (readonly string[])[] {
  const { stdout, stderr } = buf("breaking", "after", "--against", "before", "--error-format", "json");
  expect(stderr).toBe("");
  const lines = stdout.trim().split("\n");
  const found = lines.map((line) => JSON.parse(line) as { readonly path: string; readonly type: string });
  const byCase = Map.groupBy(found, (one) => Number(/case(\d+)/.exec(one.path)![1]));
  return schemaChanges.map((_, index) => (byCase.get(index) ?? []).map(({ type }) => type).sort());
}

function buf(...args: string[]) {
  return spawnSync("buf", args, { cwd: folder, encoding: "utf8" });
}

function schemaOfBuilt(side: Side): Schema {
  buf("build", side, "-o", `${side}.binpb`);
  return schemaOfDescriptors(readFileSync(path.join(folder, `${side}.binpb`)));
}

const verdicts = verdictsOfBuf();

describe.each([
  ["descriptor sets", schemaOfBuilt],
  [".proto files", (side: Side) => schemaOfProtos(filesOf(side))],
] as const)("in %s", (_, schemaOf) => {
  const changes = breakingChanges(schemaOf("before"), schemaOf("after"));

  test.each(schemaChanges.map(({ what }, index) => [what, index] as const))("%s is judged as buf does", (_, index) => {
    const own = changes.filter(({ at }) => at.startsWith(`case${index}.`)).map(({ rule }) => rule);
    expect(own.sort()).toEqual(verdicts[index]);
  });
});

test("a change says where it is, what was and what would be", () => {
  const of = (field: string) => schemaOfProtos([{ text: `package a; message M { ${field} }`, file: "m.proto" }]);
  expect(breakingChanges(of("optional int32 n = 1;"), of("optional string n = 1;"))).toEqual([
    { rule: "FIELD_WIRE_JSON_COMPATIBLE_TYPE", at: "a.M.n", message: "its type is int32, and would be string" },
  ]);
});

test("a type of an import that is not there is told by its name", () => {
  const of = (type: string) => schemaOfProtos([{ text: `message M { optional ${type} t = 1; }`, file: "m.proto" }]);
  expect(breakingChanges(of("google.protobuf.Timestamp"), of(".google.protobuf.Timestamp"))).toEqual([]);
  expect(breakingChanges(of("google.protobuf.Timestamp"), of("google.protobuf.Duration"))).toHaveLength(1);
});
