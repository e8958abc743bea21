import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { optionNames } from "./options.js";
import { needsOfProto } from "./read-proto.js";

const head = 'syntax = "proto3";\npackage acme;\nimport "prism/options.proto";\n';

const read = (text: string) => needsOfProto(head + text, "app.proto");

test("reads what messages state, nested ones too, and leaves out those that state nothing", () => {
  const needs = read(`
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

test("needs nothing that is imported or extended", () => {
  const text = `import "other/place.proto";
    extend google.protobuf.MessageOptions { string ours = 51000; }
    message Mine { option (ours) = "x"; option (prism.item_size) = "2B"; other.Place place = 1; }`;
  expect(read(text)).toEqual([{ message: "acme.Mine", options: new Map([["item_size", "2B"]]) }]);
});

test("says of a number that options are text, and names the options that there are", () => {
  const wrong = () => read('message Wrong { option (prism.estimated_rps) = 10000; option (prism.rps) = "1"; }');
  expect(wrong).toThrow(
    'acme.Wrong (prism.estimated_rps): is text: write "10000"\nacme.Wrong (prism.rps): is no option; there are namespace,',
  );
});

test("says what is wrong with a file that is no .proto", () => {
  expect(() => read("message {")).toThrow(/app\.proto: is no \.proto that can be read: .*line 4/);
});

test("knows the options of prism/options.proto, and no others", async () => {
  const text = await readFile(new URL("../../../proto/prism/options.proto", import.meta.url), "utf8");
  expect([...text.matchAll(/^ {2}string (\w+) = \d+;/gm)].map(([, name]) => name)).toEqual([...optionNames]);
});
