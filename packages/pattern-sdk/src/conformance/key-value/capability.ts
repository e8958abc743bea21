import assert from "node:assert/strict";
import { type KeyValueCapability, keyValueCapabilities } from "../../capability.js";
import { declaredCapabilities } from "../../define-plugin.js";
import type { PluginDefinition } from "../../plugin.js";
import { expectFailure } from "../expect-failure.js";
import { casesOf, type KeyValueCase } from "../key-value-case.js";
import type { KeyValueClient } from "../key-value-client.js";

/** One call per use of a capability; each must be refused where the namespace does not have it. */
const uses: Readonly<Record<KeyValueCapability, Readonly<Record<string, (kv: KeyValueClient) => Promise<unknown>>>>> = {
  ttl: {
    "Set with ttl": (kv) => kv.set("k", "v", { ttlMs: 60_000 }),
    Expire: (kv) => kv.expire("k", 60_000),
    Persist: (kv) => kv.persist("k"),
    GetTtl: (kv) => kv.getTtl("k"),
  },
  scan: { "Scan of a prefix": (kv) => kv.scanPage({ prefix: "a" }), "Scan of everything": (kv) => kv.scanPage() },
  ordered_scan: { "Scan of a range": (kv) => kv.scanPage({ range: { start: "a", end: "b" } }) },
  count: { Count: (kv) => kv.count() },
  conditional: {
    "Set with if_absent": (kv) => kv.set("k", "v", { ifAbsent: true }),
    "Set with if_etag": (kv) => kv.set("k", "v", { ifEtag: "x" }),
    "Delete with if_etag": (kv) => kv.delete("k", "x"),
  },
  batch: {
    BatchGet: (kv) => kv.batchGet(["k"]),
    BatchSet: (kv) => kv.batchSet([{ key: "k", value: "v" }]),
    BatchDelete: (kv) => kv.batchDelete([{ key: "k" }]),
  },
  counter: { Increment: (kv) => kv.increment("k", 1n) },
  transaction: { Transact: (kv) => kv.transact([], [{ set: "k", value: "v" }]) },
  watch: { Watch: (kv) => kv.watch() },
};

/** What holds of the capabilities as such, whichever they are. */
export const capabilityCases = casesOf("capabilities", [], {
  "what the running plugin says of itself is what its definition says": async (_, { description, definition }) => {
    const pattern = description.patterns.find((one) => one.pattern === "key-value");
    assert.deepEqual(inOrder(pattern?.capabilities ?? []), declaredBy(definition));
    assert.deepEqual([description.name, description.version], [definition.name, definition.version]);
    assert.doesNotThrow(() => JSON.parse(description.settingsSchema), "the schema of the settings is JSON");
  },

  "a namespace without needs has every declared capability": async (_, subject) => {
    const bound = await subject.bind(subject.freshName());
    assert.deepEqual(inOrder(bound.capabilities), declaredBy(subject.definition));
  },

  "a namespace has at least what it needs, and every other capability is refused": async (_, subject) => {
    const declared = declaredBy(subject.definition);
    for (const needs of [[], declared.slice(0, 1), declared.slice(0, 3), declared]) {
      const name = subject.freshName();
      const { capabilities } = await subject.bind(name, { needs });
      assert.deepEqual(
        needs.filter((need) => !capabilities.includes(need)),
        [],
      );
      await assertRefused(
        subject.clientOf(name),
        keyValueCapabilities.filter((one) => !capabilities.includes(one)),
      );
    }
  },

  "a namespace that needs what the plugin does not have is not bound": async (_, subject) => {
    const declared = declaredBy(subject.definition);
    const missing = keyValueCapabilities.filter((capability) => !declared.includes(capability));
    for (const need of [...missing, "made_up"]) {
      const name = subject.freshName();
      await expectFailure(subject.bind(name, { needs: [...declared, need] }), "CAPABILITY_MISSING");
      await expectFailure(subject.clientOf(name).get("k"), "NAMESPACE_NOT_FOUND");
    }
  },
});

/** For each capability that a plugin does not declare: a case that proves that all its uses are refused. */
export function refusalCases(declared: readonly KeyValueCapability[]): KeyValueCase[] {
  const missing = keyValueCapabilities.filter((capability) => !declared.includes(capability));
  return missing.flatMap((capability) =>
    casesOf("capabilities", [], {
      [`${capability} is not declared, and refused`]: (kv) => assertRefused(kv, [capability]),
    }),
  );
}

async function assertRefused(kv: KeyValueClient, capabilities: readonly KeyValueCapability[]): Promise<void> {
  await kv.set("k", "before");
  for (const capability of capabilities) {
    for (const [use, call] of Object.entries(uses[capability])) {
      const refused = await expectFailure(call(kv), "CAPABILITY_MISSING");
      assert.ok(refused.message.length > 20, `the refusal of ${use} explains itself`);
    }
  }
  assert.equal(await kv.text("k"), "before");
}

/** What a plugin declares, with what that implies, in the order of the closed list. */
function declaredBy({ patterns }: PluginDefinition): readonly KeyValueCapability[] {
  return declaredCapabilities(patterns["key-value"] ?? { capabilities: [] });
}

function inOrder(capabilities: readonly string[]): KeyValueCapability[] {
  return keyValueCapabilities.filter((capability) => capabilities.includes(capability));
}
