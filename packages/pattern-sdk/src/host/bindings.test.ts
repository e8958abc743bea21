import { expect, test } from "vitest";
import type { GivenDurability } from "../durability.js";
import { GatewayError } from "../errors.js";
import { keyValueKind } from "../patterns/key-value/key-value-kind.js";
import type { PatternKind } from "../patterns/pattern-kind.js";
import { noSizeLimits } from "../patterns/size-limits.js";
import type { Binding } from "../plugin.js";
import { type AnyBinder, type BindingPlan, Bindings } from "./bindings.js";
import { TinyStore } from "./plugin.fixture.js";

const otherKind: PatternKind = { ...keyValueKind, name: "other", requiredMethods: [], capabilities: ["groups"] };

function plan(change: Partial<BindingPlan> = {}): BindingPlan {
  const bounds = { valueBytesMax: 1 };
  const asked = {
    sizeLimits: noSizeLimits,
    capabilities: new Set<string>(),
    options: undefined,
    written: {},
    durability: "backend" as const,
  };
  const neededDurability = undefined;
  return { namespace: "n", kind: keyValueKind, bounds, plugin: "tiny", ...asked, neededDurability, ...change };
}

function recordingBinder() {
  const seen: string[] = [];
  const binder: AnyBinder = {
    bind: ({ namespace, options }: Binding<unknown>) => {
      seen.push(`bind ${namespace} ${JSON.stringify(options)}`);
      return { pattern: new TinyStore(), close: () => void seen.push(`close ${namespace}`) };
    },
    deleteData: (namespace) => {
      seen.push(`delete ${namespace}`);
      return [];
    },
  };
  return { seen, binder };
}

test("a namespace that is bound to one pattern is not bound to another", async () => {
  const bindings = new Bindings();
  const { seen, binder } = recordingBinder();
  await bindings.bind(binder, plan());
  const refused = bindings.bind(binder, plan({ kind: otherKind }));
  await expect(refused).rejects.toMatchObject({ reason: "PATTERN_MISMATCH", metadata: { pattern: "key-value" } });
  expect(seen).toEqual(["bind n undefined"]);
  expect(bindings.find("n")?.kind).toBe(keyValueKind);
});

test("unbinding another pattern leaves the binding, and deletes that pattern's data alone", async () => {
  const bindings = new Bindings();
  const bound = recordingBinder();
  const other = recordingBinder();
  await bindings.bind(bound.binder, plan());
  await bindings.unbind(other.binder, { namespace: "n", kind: otherKind, deleteData: true });
  expect(bindings.find("n")?.closed.aborted).toBe(false);
  expect([bound.seen, other.seen]).toEqual([["bind n undefined"], ["delete n"]]);
});

test("a namespace that was unbound may get another pattern", async () => {
  const bindings = new Bindings();
  const { seen, binder } = recordingBinder();
  await bindings.bind(binder, plan());
  await bindings.unbind(binder, { namespace: "n", kind: keyValueKind, deleteData: false });
  await bindings.bind(binder, plan({ kind: otherKind, options: { partitions: 2 } }));
  expect(bindings.find("n")?.kind).toBe(otherKind);
  expect(seen).toEqual(["bind n undefined", "close n", 'bind n {"partitions":2}']);
});

test("other options replace the binding and end what ran on the old one; equal options do not", async () => {
  const bindings = new Bindings();
  const { seen, binder } = recordingBinder();
  await bindings.bind(binder, plan({ options: { retention: { ms: 5 } } }));
  const before = bindings.find("n");
  await bindings.bind(binder, plan({ options: { retention: { ms: 5 } } }));
  expect(bindings.find("n")).toBe(before);
  await bindings.bind(binder, plan({ options: { retention: { ms: 6 } } }));
  expect(before?.closed.reason).toMatchObject({ reason: "NAMESPACE_UNAVAILABLE" });
  expect(seen).toEqual(['bind n {"retention":{"ms":5}}', 'bind n {"retention":{"ms":6}}', "close n"]);
});

test("an equal bind puts right what was changed on the data system meanwhile, and asks nothing of one that is away", async () => {
  const bindings = new Bindings();
  const { seen, binder } = recordingBinder();
  let differences: () => string[] = () => [];
  const planning: AnyBinder = { ...binder, plan: () => differences() };
  await bindings.bind(planning, plan());
  const before = bindings.find("n");
  differences = () => {
    throw new GatewayError("BACKEND_UNAVAILABLE", "away");
  };
  await bindings.bind(planning, plan());
  expect(bindings.find("n")).toBe(before);
  differences = () => ["would change the retention"];
  await bindings.bind(planning, plan());
  expect(before?.closed.aborted).toBe(true);
  expect(seen).toEqual(["bind n undefined", "bind n undefined", "close n"]);
});

test("what is asked for otherwise than before is told by a plan, and by the bind that changes it", async () => {
  const bindings = new Bindings();
  const { binder } = recordingBinder();
  const options = { retentionMs: 60_000 };
  const first = plan({ options, written: { retention_period: "1m" }, capabilities: new Set(["ttl"]) });
  expect(await bindings.plan(binder, first)).toEqual([]);
  await bindings.bind(binder, first);
  expect(await bindings.plan(binder, { ...first, written: { retention_period: "60s" } })).toEqual([]);
  const other = plan({
    ...{ options: {}, written: { max_deliveries: 3 } },
    sizeLimits: { valueBytes: 5, batchEntries: undefined },
  });
  const told =
    'how the namespace is bound: needs ttl -> nothing, limits.value_size not set -> 5, options.retention_period "1m" -> not set, options.max_deliveries not set -> 3';
  for (const _ of [1, 2]) expect(await bindings.plan(binder, other)).toEqual([`would change ${told}`]);
  expect(await bindings.bind(binder, other)).toMatchObject({ changes: [`changed ${told}`] });
  expect(await bindings.plan(binder, other)).toEqual([]);
});

test("other limits of sizes hold for new calls at once, ask nothing of the binder, and end nothing", async () => {
  const bindings = new Bindings();
  const { seen, binder } = recordingBinder();
  await bindings.bind(binder, plan());
  const before = bindings.find("n");
  const sizeLimits = { valueBytes: 5, batchEntries: undefined };
  await bindings.bind(binder, plan({ sizeLimits }));
  expect(bindings.find("n")).toMatchObject({ sizeLimits, pattern: before?.pattern });
  await bindings.unbind(binder, { namespace: "n", kind: keyValueKind, deleteData: false });
  expect(before?.closed.aborted).toBe(true);
  expect(seen).toEqual(["bind n undefined", "close n"]);
});

/** A binder on a data system that says what a write survives; `closed` counts the bindings that were given up. */
function durableBinder(durability: () => GivenDurability) {
  const closed = { count: 0 };
  const binder: AnyBinder = {
    bind: () => ({ pattern: new TinyStore(), durability, close: () => void closed.count++ }),
    deleteData: () => [],
  };
  return { binder, closed };
}

const away = (): never => {
  throw new GatewayError("BACKEND_UNAVAILABLE", "away");
};

test.each([
  ["nothing", undefined, "ephemeral"],
  ["what is given", "backend", "backend"],
  ["less than is given", "backend", "disk"],
] as const)("a namespace that needs %s is bound, and told what it gets", async (_, neededDurability, durability) => {
  const { binder } = durableBinder(() => ({ durability }));
  expect(await new Bindings().bind(binder, plan({ neededDurability }))).toMatchObject({ durability });
});

test("a namespace that needs more than is given is refused with the setting to change, and closed", async () => {
  const { binder, closed } = durableBinder(() => ({ durability: "backend", advice: "Set sync always." }));
  const bindings = new Bindings();
  await expect(bindings.bind(binder, plan({ neededDurability: "disk" }))).rejects.toMatchObject({
    reason: "DURABILITY_MISSING",
    message: expect.stringContaining("Set sync always."),
    metadata: { namespace: "n", needed: "disk", given: "backend" },
  });
  expect([bindings.find("n"), closed.count]).toEqual([undefined, 1]);
});

test("a namespace that comes to need more than is given stays as it was", async () => {
  const { binder } = durableBinder(() => ({ durability: "backend" }));
  const bindings = new Bindings();
  await bindings.bind(binder, plan());
  const before = bindings.find("n");
  await expect(bindings.bind(binder, plan({ neededDurability: "disk" }))).rejects.toMatchObject({
    reason: "DURABILITY_MISSING",
  });
  expect(bindings.find("n")).toBe(before);
});

test("a namespace whose data system came to give less than it needs is refused, by a plan too, and is as before when that is put right", async () => {
  let given: GivenDurability = { durability: "disk" };
  const { binder } = durableBinder(() => given);
  const bindings = new Bindings();
  const asked = plan({ neededDurability: "disk" });
  await bindings.bind(binder, asked);
  given = { durability: "backend", advice: "Set sync always." };
  const refusal = { reason: "DURABILITY_MISSING", message: expect.stringContaining("Set sync always.") };
  await expect(bindings.plan(binder, asked)).rejects.toMatchObject(refusal);
  await expect(bindings.bind(binder, asked)).rejects.toMatchObject(refusal);
  given = { durability: "disk" };
  expect(await bindings.plan(binder, asked)).toEqual([]);
  expect(await bindings.bind(binder, asked)).toMatchObject({ durability: "disk", changes: [] });
});

test("a data system that is away is waited for by those alone who need its word", async () => {
  const { binder } = durableBinder(away);
  const bindings = new Bindings();
  const asked = bindings.bind(binder, plan({ neededDurability: "backend" }));
  await expect(asked).rejects.toMatchObject({ reason: "BACKEND_UNAVAILABLE" });
  expect(await bindings.bind(binder, plan())).toMatchObject({ durability: "backend" });
});
