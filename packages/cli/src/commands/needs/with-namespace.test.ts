import { expect, test } from "vitest";
import { parse } from "yaml";
import { withNamespace } from "./with-namespace.js";

const entry = { pattern: "stream", backend: "events", needs: ["retention"], options: { partitions: 20 } };
const flow = "{ pattern: stream, backend: events, needs: [ retention ], options: { partitions: 20 } }";

const file = `# ours
backends:
    events:   { plugin: kafka }   # aligned
namespaces:
    demo:     { pattern: key-value, backend: memory }   # stays
    blocky:
        pattern: key-value
        backend: memory
    # the end of the namespaces

limits: {}
`;

test("adds a namespace behind the last one, and touches nothing else", () => {
  const lines = file.split("\n");
  lines.splice(8, 0, `    user-events: ${flow}`);
  expect(withNamespace(file, "user-events", entry)).toBe(lines.join("\n"));
});

test("puts a namespace in the place of its old text, and keeps the comment behind it", () => {
  const changed = withNamespace(file, "demo", entry);
  expect(changed).toBe(file.replace("{ pattern: key-value, backend: memory }", flow));
});

test("keeps what plans do not make, such as a timeout", () => {
  const before =
    "namespaces:\n  demo: { pattern: stream, backend: old, timeout: 9s, options: { partitions: 3 } } # ours\n";
  expect(withNamespace(before, "demo", entry)).toBe(
    `namespaces:\n  demo: ${flow.replace(/ }$/, ", timeout: 9s }")} # ours\n`,
  );
});

test("keeps what an operator says of the messages beside where they are kept", () => {
  const before =
    "namespaces:\n  demo: { pattern: stream, backend: old, schema: { compatibility: none, file: own.binpb } }\n";
  const schema = { message: "acme.Demo", file: "own.binpb" };
  expect(withNamespace(before, "demo", { pattern: "stream", backend: "events", schema })).toBe(
    "namespaces:\n  demo: { pattern: stream, backend: events, schema: { compatibility: none, file: own.binpb, message: acme.Demo } }\n",
  );
});

test.each([
  ["a namespace of several lines", file, "blocky"],
  ["no namespaces", "backends: {}", "one"],
  ["an empty file", "", "one"],
  ["namespaces: {}", "namespaces: {}\n", "one"],
  ["JSON", '{"namespaces": {"a": {"pattern": "queue", "backend": "b"}}}', "one"],
  ["a file without a last line end", "namespaces:\n  a: { pattern: queue, backend: b }", "one"],
  ["a name that YAML would take for something else", "namespaces:\n  a: { pattern: queue, backend: b }\n", "on: # 1"],
])("%s", (_, text, name) => {
  const before = (parse(text) ?? {}) as { namespaces?: object };
  const after = parse(withNamespace(text, name, entry)) as unknown;
  expect(after).toEqual({ ...before, namespaces: { ...before.namespaces, [name]: entry } });
});
