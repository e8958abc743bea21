import type { HeaderList, ServerCall } from "@prism-data/transport";
import { describe, expect, test } from "vitest";
import { keyValueKind } from "../../patterns/key-value/key-value-kind.js";
import type { PatternKind } from "../../patterns/pattern-kind.js";
import { noSizeLimits } from "../../patterns/size-limits.js";
import type { BoundNamespace } from "./bound-namespace.js";
import { unaryMethod } from "./pattern-method.js";
import { patternMethods } from "./pattern-methods.js";

/** A pattern whose one method answers the namespace that was resolved; its requests are the namespace's name. */
const namingKind: PatternKind = {
  ...keyValueKind,
  name: "naming",
  service: "acme.naming.v1.NamingService",
  loadMethods: async () => ({
    Name: unaryMethod(
      (message) => ({ namespace: Buffer.from(message).toString() }),
      (bound) => Buffer.from(bound.namespace),
    ),
  }),
};

function boundTo(kind: PatternKind, namespace: string): BoundNamespace {
  const closed = new AbortController().signal;
  return {
    kind,
    namespace,
    pattern: {},
    capabilities: new Set(),
    bounds: {},
    sizeLimits: noSizeLimits,
    options: undefined,
    closed,
  };
}

const bound = [boundTo(namingKind, "mine"), boundTo(keyValueKind, "another")];

async function name(namespace: string, metadata: HeaderList = []): Promise<string> {
  const methods = await patternMethods(namingKind, {
    plugin: "tiny",
    statusOfEntry: () => ({ code: 0, message: "", details: [] }),
    findNamespace: (wanted) => bound.find((each) => each.namespace === wanted),
  });
  const path = "/acme.naming.v1.NamingService/Name";
  const method = methods.get(path);
  if (method?.kind !== "unary") throw new Error(`no unary method at ${path}`);
  const answer = await method.handle(Buffer.from(namespace), { path, metadata } as ServerCall);
  return Buffer.from(answer as Uint8Array).toString();
}

describe("a method of a pattern", () => {
  test("is served on a namespace that is bound to the pattern", async () => {
    expect(await name("mine")).toBe("mine");
    expect(await name("mine", ["prism-namespace", "%6dine"])).toBe("mine");
  });

  test("is refused on a namespace of another pattern, by both names", async () => {
    await expect(name("another")).rejects.toMatchObject({
      reason: "PATTERN_MISMATCH",
      metadata: { namespace: "another", pattern: "key-value" },
      message: expect.stringMatching(
        /"another" has the pattern key-value, but acme\.naming\.v1\.NamingService\/Name is a method of naming/,
      ),
    });
  });

  test("is refused on a namespace that is not bound, which is said to be of this pattern", async () => {
    await expect(name("lost")).rejects.toMatchObject({
      reason: "NAMESPACE_NOT_FOUND",
      message: expect.stringContaining("of pattern naming"),
    });
  });

  test.each([
    ["no namespace", "", []],
    ["another namespace than the proxy resolved", "mine", ["prism-namespace", "another"]],
  ])("is refused with %s", async (_, namespace, metadata) => {
    await expect(name(namespace, metadata)).rejects.toMatchObject({
      reason: "INVALID_FIELD",
      fieldViolations: [{ field: "namespace" }],
    });
  });
});
