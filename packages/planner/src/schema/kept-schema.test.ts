import { expect, test } from "vitest";
import { descriptorsOfSchema } from "./descriptors-of-schema.js";
import type { Schema } from "./schema.js";
import { schemaChanges } from "./schema-changes.fixture.js";
import { schemaOfDescriptors } from "./schema-of-descriptors.js";
import { schemaOfProtos } from "./schema-of-proto.js";
import { schemaPartOf } from "./schema-part.js";
import { schemaTexts } from "./schema-text.js";

function partsOf(text: string): readonly Schema[] {
  const [syntax = 'syntax = "proto3";'] = /^syntax = "\w+";/.exec(text) ?? [];
  const schema = schemaOfProtos([{ text: `${syntax} package acme; ${text.replace(syntax, "")}`, file: "a.proto" }]);
  return ["acme.M", "acme.Color"].map((name) => schemaPartOf(schema, name).schema);
}

test.each(
  schemaChanges.flatMap(({ what, before, after }) => [
    [`before ${what}`, before],
    [`after ${what}`, after],
  ]),
)("what is kept is what was there, as descriptors and as text: %s", (_, text) => {
  for (const schema of partsOf(text)) {
    expect(schemaOfDescriptors(descriptorsOfSchema(schema))).toEqual(schema);
    const { messages, enums } = schemaOfProtos(schemaTexts(schema));
    const isOwn = ([name]: readonly [string, unknown]) => name.startsWith("acme.");
    expect({ messages: new Map([...messages].filter(isOwn)), enums: new Map([...enums].filter(isOwn)) }).toEqual(
      schema,
    );
  }
});

const files = [
  {
    file: "/home/ada/app/events.proto",
    text: `syntax = "proto3"; package acme; import "google/protobuf/timestamp.proto"; import "parts/place.proto";
      message Event { google.protobuf.Timestamp time = 2; string id = 1; map<string, acme.parts.Place> places = 3; Outer.Inner inner = 4; }
      message Outer { message Inner { Event parent = 1; } Kind kind = 1; }
      enum Kind { NONE = 0; SOME = 1; }
      message Unrelated { string text = 1; }`,
  },
  {
    file: "/home/ada/app/parts/place.proto",
    text: 'syntax = "proto3"; package acme.parts; message Place { oneof where { string name = 1; bytes code = 2; } reserved 5 to 9; }',
  },
];

test("a message is kept with all that it needs, and with nothing else, wherever the files are", () => {
  const { schema, missing } = schemaPartOf(schemaOfProtos(files), "acme.Event");
  expect(missing).toEqual([]);
  expect([...schema.messages.keys(), ...schema.enums.keys()]).toEqual([
    "acme.Event",
    "acme.Outer",
    "acme.Outer.Inner",
    "acme.parts.Place",
    "google.protobuf.Timestamp",
    "acme.Kind",
  ]);
  expect(schemaOfDescriptors(descriptorsOfSchema(schema))).toEqual(schema);
  expect(schemaTexts(schema).map(({ file }) => file)).toEqual([
    "google/protobuf/timestamp.proto",
    "parts/place.proto",
    "events.proto",
  ]);
  expect(schemaTexts(schema).at(-1)?.text).toBe(`syntax = "proto3";
package acme;
import "google/protobuf/timestamp.proto";
import "parts/place.proto";

message Event {
  string id = 1;
  .google.protobuf.Timestamp time = 2;
  map<string, .acme.parts.Place> places = 3;
  .acme.Outer.Inner inner = 4;
}

enum Kind {
  NONE = 0;
  SOME = 1;
}

message Outer {
  message Inner {
    .acme.Event parent = 1;
  }
  .acme.Kind kind = 1;
}
`);
});

test("types that are not there are named", () => {
  expect(schemaPartOf(schemaOfProtos(files.slice(0, 1)), "acme.Event").missing).toEqual(["acme.parts.Place"]);
});
