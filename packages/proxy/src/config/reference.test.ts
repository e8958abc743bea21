import { expect, test } from "vitest";
import { configReference } from "./reference.js";
import { configJsonSchema } from "./schema.js";

test("the table of options has a row with meaning, default and bounds for every key", () => {
  const reference = configReference();
  for (const row of [
    "| `listen` | `127.0.0.1:8980` | port 0 to 65535; 0 picks a free one | Where apps connect: gRPC and HTTP on one port. |",
    "| `namespaces.{name}.timeout` | `5s` | 1ms to 1h | The deadline of calls that come without one. |",
    "| `namespaces.{name}.backend` | required |  | The backend that holds its data. |",
    "| `limits.message_size` | `4MiB` | 1KiB to 64MiB | The largest request or response message. |",
    "| `log.level` | `info` | silent, error, warn, info, debug, trace | How much is logged. |",
    "| `admin.listen` | `--admin-listen` | `PRISM_ADMIN_LISTEN` |",
  ]) {
    expect(reference).toContain(row);
  }
});

test("every option is described", () => {
  const undescribed: string[] = [];
  const visit = (node: Record<string, unknown>, path: string) => {
    const properties = Object.entries((node.properties ?? {}) as Record<string, Record<string, unknown>>);
    if (properties.length === 0 && path !== "" && node.description === undefined) undescribed.push(path);
    for (const [key, inner] of properties) visit(inner, `${path}.${key}`);
    const entries = node.additionalProperties;
    if (typeof entries === "object" && !("$ref" in (entries as object)))
      visit(entries as Record<string, unknown>, `${path}.*`);
  };
  visit(configJsonSchema(), "");
  expect(undescribed).toEqual([]);
});
