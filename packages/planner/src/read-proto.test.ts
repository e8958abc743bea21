import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { knownOptions } from "./options.js";
import { needsOfProto, unusedOptionsOfProto } from "./read-proto.js";

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
    { message: "acme.Outer", options: new Map([["item_size", "4KiB"]]), fields: [] },
    { message: "acme.Outer.Inner", options: new Map([["backend", "files"]]), fields: [] },
  ]);
});

test("needs nothing that is imported or extended", () => {
  const text = `import "other/place.proto";
    extend google.protobuf.MessageOptions { string ours = 51000; }
    message Mine { option (ours) = "x"; option (prism.item_size) = "2B"; other.Place place = 1; }`;
  expect(read(text)).toEqual([{ message: "acme.Mine", options: new Map([["item_size", "2B"]]), fields: [] }]);
});

test("takes numbers with and without quotes, and lists as often as they are said", () => {
  const [needs] = read(`message Mine {
    option (prism.retention_days) = 90;
    option (prism.estimated_read_rps) = "10k";
    option (prism.estimated_write_rps) = 500;
    option (prism.enable_cache) = true;
    option (prism.owners) = "team-a";
    option (prism.owners) = "team-b";
  }`);
  expect(Object.fromEntries(needs!.options)).toEqual({
    retention_days: "90",
    estimated_read_rps: "10k",
    estimated_write_rps: "500",
    enable_cache: "true",
    owners: "team-a, team-b",
  });
});

test("names the options that there are, and says what an option takes", () => {
  const wrong = () => read('message Wrong { option (prism.replay) = "yes"; option (prism.rps) = "1"; }');
  expect(wrong).toThrow(
    "acme.Wrong (prism.replay): is true or false\nacme.Wrong (prism.rps): is no option; there are namespace,",
  );
});

describe("options of fields", () => {
  const user = `message User {
    string id = 1;
    string email = 2 [(prism.pii) = "email"];  // Auto-encrypted
    string name = 3 [(prism.pii) = "name"];    // Auto-masked in logs
  }`;

  test("make a message one that states needs", () => {
    expect(read(user)).toEqual([
      {
        message: "acme.User",
        options: new Map(),
        fields: [
          { name: "email", options: new Map([["pii", "email"]]) },
          { name: "name", options: new Map([["pii", "name"]]) },
        ],
      },
    ]);
  });

  test("of a message that is only a part of others are those of the others", () => {
    const parts = `${user} message Account { option (prism.item_size) = "2KiB"; User owner = 1; repeated User users = 2; }`;
    const needs = read(parts);
    expect(needs.map(({ message }) => message)).toEqual(["acme.Account"]);
    expect(needs[0]?.fields?.map(({ name }) => name)).toEqual([
      "owner.email",
      "owner.name",
      "users.email",
      "users.name",
    ]);
  });

  test("of a message that holds itself are told once", () => {
    const tree =
      'message Tree { string label = 1 [(prism.pii) = "name"]; Tree left = 2; option (prism.item_size) = "1KiB"; }';
    expect(read(tree)[0]?.fields?.map(({ name }) => name)).toEqual(["label"]);
  });
});

test("says of services and methods what is not acted on", () => {
  const text = `service Users {
    option (prism.require_auth) = true;
    rpc Get(User) returns (User) { option (prism.timeout_ms) = 500; option (prism.required_permissions) = "read"; }
  }`;
  expect(unusedOptionsOfProto(head + text, "app.proto")).toEqual([
    {
      at: "acme.Users (prism.require_auth)",
      message: '"true" is not acted on: Prism asks for certificates with tls.client_certificates in prism.yaml',
    },
    {
      at: "acme.Users.Get (prism.timeout_ms)",
      message: '"500" is not acted on: a namespace\'s timeout in prism.yaml bounds calls without a deadline',
    },
    {
      at: "acme.Users.Get (prism.required_permissions)",
      message: '"read" is not acted on: permissions are not checked yet',
    },
  ]);
});

test("says what is wrong with a file that is no .proto", () => {
  expect(() => read("message {")).toThrow(/app\.proto: is no \.proto that can be read: .*line 4/);
});

test("knows the options of prism/options.proto with their types, and no others", async () => {
  const text = await readFile(new URL("../../../proto/prism/options.proto", import.meta.url), "utf8");
  const carriers = text.split(/^extend google\.protobuf\.(\w+)Options \{$/m).slice(1);
  const options = Object.fromEntries(
    carriers.flatMap((carrier, place) =>
      place % 2 === 0 ? [[carrier.toLowerCase(), optionsIn(carriers[place + 1]!)]] : [],
    ),
  );
  expect(options).toEqual(knownOptions);
});

function optionsIn(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/^ {2}((?:repeated )?\w+) (\w+) = \d+;/gm);
  return Object.fromEntries([...found].map(([, type, name]) => [name, type]));
}
