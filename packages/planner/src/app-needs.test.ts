import { expect, test } from "vitest";
import { type AppNeeds, readAppNeeds } from "./app-needs.js";

const userEvents = { access_pattern: "append_heavy", fields: { email: { pii: "email" } } };

test("needs are read alike from a .proto and as they are written without one", () => {
  const text =
    'package acme; message UserEvents { option (prism.access_pattern) = "append_heavy"; optional string email = 1 [(prism.pii) = "email"]; }';
  const { schema, ...ofProto } = readAppNeeds({ kind: "protos", protos: [{ file: "app.proto", text }] });
  expect(schema?.messages.has("acme.UserEvents")).toBe(true);
  const ofWritten = readAppNeeds({ kind: "written", tree: { "acme.UserEvents": userEvents } });
  expect(ofWritten).toEqual({ ...ofProto, schema: undefined });
});

test.each<[string, AppNeeds, string]>([
  ["no file", { kind: "protos", protos: [] }, "needs: state nothing: no message has an option"],
  ["an empty map", { kind: "written", tree: undefined }, "needs: state nothing: no message has an option"],
  ["a list", { kind: "written", tree: ["acme.UserEvents"] }, "needs: is a map of options, such as"],
  ["a message that is a word", { kind: "written", tree: { "acme.A": "kv" } }, "acme.A: is a map of options, such as"],
  [
    "bytes of another kind",
    { kind: "descriptors", bytes: Buffer.from("needs") },
    "descriptor set: is no google.protobuf.FileDescriptorSet with its imports: ",
  ],
])("%s is refused", (_, needs, message) => {
  expect(() => readAppNeeds(needs)).toThrow(message);
});
