import assert from "node:assert/strict";
import type { Arbitrary } from "fast-check";
import { GatewayError } from "../../errors.js";
import type { KeyValueCapability } from "../../patterns/key-value/key-value-capabilities.js";
import { outcomeOf } from "../expect-failure.js";
import { type FastCheck, runRandomSteps } from "../random-runs.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient } from "./key-value-client.js";
import { KeyValueModel, type Write } from "./key-value-model.js";

type Step =
  | { readonly kind: "write"; readonly write: Write }
  | { readonly kind: "batch"; readonly writes: readonly Write[] }
  | { readonly kind: "transaction"; readonly mustExist: readonly string[]; readonly writes: readonly Write[] }
  | { readonly kind: "increment"; readonly key: string; readonly delta: bigint }
  | { readonly kind: "scan"; readonly prefix: string; readonly limit: number };

const keys = ["a", "a:b", "a%", "A", "b", "ключ"];
const prefixes = ["", "a", "a:", "b", "x"];

export const modelCases = casesOf("model", [], {
  "random calls, one after the other, answer as a plain map does": async (_, subject) => {
    const declared = new Set(subject.definition.patterns["key-value"]?.capabilities);
    await runRandomSteps(
      (fc) => stepOf(fc, declared),
      async (steps) => runSteps(await subject.namespace(), steps),
    );
  },
});

function stepOf(fc: FastCheck, declared: ReadonlySet<KeyValueCapability>): Arbitrary<Step> {
  const key = fc.constantFrom(...keys);
  const value = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom("0", "-7", "41"));
  const condition = declared.has("conditional")
    ? fc.constantFrom("none" as const, "absent" as const, "same" as const, "stale" as const)
    : fc.constant("none" as const);
  const plain = fc.record({ key, value: fc.option(value), condition: fc.constant("none" as const) });
  const write: Arbitrary<Write> = fc.record({ key, value: fc.option(value), condition });
  const many = { minLength: 1, maxLength: 6 };
  const writes = fc.array(write, many);
  const steps: Arbitrary<Step>[] = [fc.record({ kind: fc.constant("write" as const), write })];
  if (declared.has("batch")) steps.push(fc.record({ kind: fc.constant("batch" as const), writes }));
  if (declared.has("transaction")) {
    const mustExist = fc.array(key, { maxLength: 2 });
    const transaction = fc.constant("transaction" as const);
    steps.push(fc.record({ kind: transaction, mustExist, writes: fc.array(plain, many) }));
  }
  if (declared.has("counter")) {
    const delta = fc.bigInt({ min: -5n, max: 5n });
    steps.push(fc.record({ kind: fc.constant("increment" as const), key, delta }));
  }
  if (declared.has("scan") || declared.has("ordered_scan")) {
    const page = { prefix: fc.constantFrom(...prefixes), limit: fc.integer({ min: 1, max: 4 }) };
    steps.push(fc.record({ kind: fc.constant("scan" as const), ...page }));
  }
  return fc.oneof(...steps);
}

async function runSteps(kv: KeyValueClient, steps: readonly Step[]): Promise<void> {
  const model = new KeyValueModel();
  for (const [index, step] of steps.entries()) {
    const what = `step ${index}, ${step.kind}`;
    if (step.kind === "write") await writeOne(kv, model, step.write, what);
    else if (step.kind === "batch") await writeMany(kv, model, step.writes, what);
    else if (step.kind === "transaction") await transact(kv, model, step, what);
    else if (step.kind === "increment") await increment(kv, model, step, what);
    else assert.deepEqual(await scanned(kv, step), model.entries(step.prefix), what);
    const key = keys[index % keys.length]!;
    await assertSame(kv, model, key, `${what}: ${key} afterwards`);
  }
  for (const key of keys) {
    await assertSame(kv, model, key, `${key} in the end`);
    assert.equal(await kv.exists(key), model.get(key) !== undefined, `whether ${key} is there in the end`);
  }
}

async function assertSame(kv: KeyValueClient, model: KeyValueModel, key: string, what: string): Promise<void> {
  const found = await kv.get(key);
  assert.deepEqual(found && { value: found.value.toString(), etag: found.etag }, model.get(key), what);
}

async function writeOne(kv: KeyValueClient, model: KeyValueModel, write: Write, what: string): Promise<void> {
  const options = model.optionsOf(write);
  const { key, value } = write;
  const call = value === null ? kv.delete(key, options.ifEtag) : kv.set(key, value, options);
  model.apply(write, reasonOr(await outcomeOf<string | boolean>(call)), what);
}

/** A batch does what its writes would do one by one. */
async function writeMany(
  kv: KeyValueClient,
  model: KeyValueModel,
  writes: readonly Write[],
  what: string,
): Promise<void> {
  const sets = writes.flatMap((write) => (write.value === null ? [] : [{ ...write, value: write.value }]));
  const before = model.copy();
  if (sets.length > 0) {
    const entries = sets.map((set) => ({ key: set.key, value: set.value, ...before.optionsOf(set) }));
    const answers = await kv.batchSet(entries);
    for (const [index, set] of sets.entries()) {
      model.apply(set, reasonOr(answers[index]!), `${what}, set ${index}`, entries[index]);
    }
  }
  const removals = writes.filter(({ value }) => value === null);
  if (removals.length === 0) return;
  const middle = model.copy();
  const entries = removals.map((removal) => ({ key: removal.key, ...middle.optionsOf(removal) }));
  const answers = await kv.batchDelete(entries);
  for (const [index, removal] of removals.entries()) {
    model.apply(removal, reasonOr(answers[index]!), `${what}, removal ${index}`, entries[index]);
  }
}

async function transact(
  kv: KeyValueClient,
  model: KeyValueModel,
  { mustExist, writes }: Extract<Step, { readonly kind: "transaction" }>,
  what: string,
): Promise<void> {
  const conditions = mustExist.map((key) => ({ key, exists: true }));
  const mutations = writes.map(({ key, value }) => (value === null ? { delete: key } : { set: key, value }));
  const outcome = await outcomeOf(kv.transact(conditions, mutations));
  const holds = mustExist.every((key) => model.get(key) !== undefined);
  assert.equal(!(outcome instanceof GatewayError), holds, `${what}: whether it was applied`);
  if (outcome instanceof GatewayError) return;
  for (const [index, write] of writes.entries()) {
    const { etag, existed } = outcome[index]!;
    model.apply(write, write.value === null ? existed! : etag!, `${what}, mutation ${index}`);
  }
}

async function increment(
  kv: KeyValueClient,
  model: KeyValueModel,
  { key, delta }: Extract<Step, { readonly kind: "increment" }>,
  what: string,
): Promise<void> {
  const outcome = await outcomeOf(kv.increment(key, delta));
  const sum = model.sum(key, delta);
  if (outcome instanceof GatewayError) {
    assert.equal(outcome.reason, "NOT_A_COUNTER", what);
    assert.equal(sum, undefined, `${what}: refused a counter`);
    return;
  }
  assert.equal(String(outcome.value), sum, what);
  model.apply({ key, value: sum!, condition: "none" }, outcome.etag, what);
}

async function scanned(kv: KeyValueClient, { prefix, limit }: Extract<Step, { readonly kind: "scan" }>) {
  const entries = await kv.scan({ prefix, limit });
  return entries
    .map(({ key, value, etag }) => [key, Buffer.from(value).toString(), etag])
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a!), Buffer.from(b!)));
}

function reasonOr<T>(outcome: T | GatewayError): T | { readonly reason: string } {
  return outcome instanceof GatewayError ? { reason: outcome.reason } : outcome;
}
