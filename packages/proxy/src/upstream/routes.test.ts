import { noSizeLimits, type pluginv1 } from "@prism-data/pattern-sdk/protocol";
import { expect, test } from "vitest";
import type { Config, NamespaceConfig } from "../config/config.js";
import type { BindingState } from "./namespace-bindings.js";
import { buildRoutes, sameRoutes } from "./routes.js";

type DescribeResponse = pluginv1.DescribeResponse;

const here: NamespaceConfig = {
  name: "a",
  pattern: "key-value",
  backend: "new",
  needs: undefined,
  options: {},
  durability: undefined,
  timeoutMs: 5_000,
  quota: undefined,
  sizeLimits: noSizeLimits,
  declaration: {},
};
const before: NamespaceConfig = { ...here, backend: "old", timeoutMs: 1_000 };
const bound: BindingState = { state: "bound", capabilities: ["ttl"] };
const pending: BindingState = { state: "pending", reason: "starting" };
const failed: BindingState = { state: "failed", reason: "no" };

function routeOf(states: { new: BindingState; old: BindingState }, moving: boolean) {
  const config = {
    namespaces: new Map([["a", here]]),
    unserved: new Map(),
    services: new Map(),
    backends: new Map(),
  } as unknown as Config;
  const routes = buildRoutes(config, {
    binding: (backend) => (backend === "new" ? states.new : states.old),
    description: () => undefined,
    moving: new Map(moving ? [["a", before]] : []),
  });
  return routes.namespaces.get("a");
}

test.each([
  [
    "bound where it belongs leads there",
    { new: bound, old: bound },
    true,
    { state: "bound", backend: "new", timeoutMs: 5_000 },
  ],
  [
    "on its way leads to where it comes from",
    { new: pending, old: bound },
    true,
    { state: "bound", backend: "old", timeoutMs: 1_000 },
  ],
  [
    "refused where it belongs says so",
    { new: failed, old: bound },
    true,
    { state: "failed", backend: "new", reason: "no" },
  ],
  [
    "bound nowhere says why",
    { new: pending, old: pending },
    true,
    { state: "pending", backend: "new", reason: "starting" },
  ],
  [
    "that is not moving ignores other backends",
    { new: pending, old: bound },
    false,
    { state: "pending", backend: "new" },
  ],
])("a namespace %s", (_, states, moving, route) => {
  expect(routeOf(states, moving)).toMatchObject(route);
});

test.each([
  [
    "that its plugin offers has a route with its descriptors",
    { services: ["acme.A"] },
    { backend: "new", fileDescriptorSet: Buffer.from("d") },
  ],
  [
    "has a route while its plugin has not started yet",
    undefined,
    { backend: "new", fileDescriptorSet: new Uint8Array() },
  ],
  ["that its plugin does not offer has none", { services: ["acme.B"] }, undefined],
])("a service %s", (_, said, route) => {
  const services = new Map([["acme.A", { backend: "new" }]]);
  const config = { namespaces: new Map(), services, backends: new Map() } as unknown as Config;
  const description =
    said && ({ ...said, patterns: [], fileDescriptorSet: Buffer.from("d") } as unknown as DescribeResponse);
  const routes = buildRoutes(config, { binding: () => pending, description: () => description, moving: new Map() });
  expect(routes.services.get("acme.A")).toEqual(route);
});

test("what did not change is the same route in the next table, and a table without a change is the same", () => {
  const config = (timeoutMs: number) =>
    ({
      namespaces: new Map([
        ["a", here],
        ["b", { ...here, name: "b", timeoutMs }],
      ]),
      services: new Map(),
      backends: new Map(),
    }) as unknown as Config;
  const source = () => ({
    binding: () => structuredClone(bound),
    description: () => undefined,
    moving: new Map(),
  });
  const first = buildRoutes(config(1), source());
  const second = buildRoutes(config(1), { ...source(), before: first });
  const third = buildRoutes(config(2), { ...source(), before: second });
  expect(sameRoutes(first, second)).toBe(true);
  expect(sameRoutes(second, third)).toBe(false);
  expect(third.namespaces.get("a")).toBe(first.namespaces.get("a"));
  expect(third.namespaces.get("b")).toMatchObject({ timeoutMs: 2 });
});

test("a table in which a name without a namespace has another answer is another table", () => {
  const tableWith = (unserved: Config["unserved"], before?: ReturnType<typeof buildRoutes>) => {
    const config = { namespaces: new Map(), unserved, services: new Map(), backends: new Map() } as unknown as Config;
    return buildRoutes(config, { binding: () => bound, description: () => undefined, moving: new Map(), before });
  };
  const deleted = () => new Map([["a", { reason: "NAMESPACE_NOT_FOUND", message: "it was deleted" } as const]]);
  const first = tableWith(deleted());
  const second = tableWith(deleted(), first);
  const purged = tableWith(new Map(), second);
  expect(sameRoutes(first, second)).toBe(true);
  expect(sameRoutes(second, purged)).toBe(false);
});
