import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { optionNames } from "./options.js";
import { needsOfProto } from "./read-proto.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "prism-planner-"));
});
afterAll(() => rm(folder, { recursive: true }));

const head = 'syntax = "proto3";\npackage acme;\nimport "prism/options.proto";\n';

async function read(text: string) {
  const file = join(folder, "app.proto");
  await writeFile(file, head + text);
  return await needsOfProto(file, [folder]);
}

test("reads what messages state, nested ones too, and leaves out those that state nothing", async () => {
  const needs = await read(`
    message Plain { string id = 1; }
    message Outer {
      option (prism.item_size) = "4KiB";
      option deprecated = true;
      message Inner { option (prism.backend) = "files"; }
    }`);
  expect(needs).toEqual([
    { message: "acme.Outer", options: new Map([["item_size", "4KiB"]]) },
    { message: "acme.Outer.Inner", options: new Map([["backend", "files"]]) },
  ]);
});

test("does not take what an import states for the app's own", async () => {
  await writeFile(join(folder, "other.proto"), `${head}message Other { option (prism.item_size) = "1B"; }`);
  expect(await read('import "other.proto";\nmessage Mine { option (prism.item_size) = "2B"; }')).toHaveLength(1);
});

test("says of a number that options are text, and names the options that there are", async () => {
  const wrong = read('message Wrong { option (prism.estimated_rps) = 10000; option (prism.rps) = "1"; }');
  await expect(wrong).rejects.toThrow(
    'acme.Wrong (prism.estimated_rps): is text: write "10000"\nacme.Wrong (prism.rps): is no option; there are namespace,',
  );
});

test("says what is wrong with a file that is no .proto", async () => {
  await expect(read("message {")).rejects.toThrow(/app\.proto: is no \.proto that can be read: .*line 4/);
});

test("knows the options of prism/options.proto, and no others", async () => {
  const text = await readFile(new URL("../../../proto/prism/options.proto", import.meta.url), "utf8");
  expect([...text.matchAll(/^ {2}string (\w+) = \d+;/gm)].map(([, name]) => name)).toEqual([...optionNames]);
});
