import assert from "node:assert/strict";
import { withIncluded } from "../../patterns/pattern-kind.js";
import { type ClientOf, type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { expectFailure } from "../expect-failure.js";
import type { PatternSuite } from "../pattern-suite.js";
import type { Subject } from "../subject.js";

/** What holds of the capabilities as such, whichever they are. */
export function capabilityCases<S extends Subject>(suite: PatternSuite<S>): ConformanceCase<S>[] {
  const { kind, probe } = suite;
  return conformanceCases<S>("capabilities", [], {
    "what the running plugin says of itself is what its definition says": async (_, { description, definition }) => {
      const pattern = description.patterns.find((one) => one.pattern === kind.name);
      assert.deepEqual(inOrder(suite, pattern?.capabilities ?? []), declaredBy(suite, { definition }));
      assert.deepEqual([description.name, description.version], [definition.name, definition.version]);
      assert.doesNotThrow(() => JSON.parse(description.settingsSchema), "the schema of the settings is JSON");
    },

    "a namespace without needs has every declared capability": async (_, subject) => {
      const bound = await subject.bind(subject.freshName());
      assert.deepEqual(inOrder(suite, bound.capabilities), declaredBy(suite, subject));
    },

    "a namespace has at least what it needs, and every other capability is refused": async (_, subject) => {
      const declared = declaredBy(suite, subject);
      for (const needs of [[], declared.slice(0, 1), declared.slice(0, 3), declared]) {
        const name = subject.freshName();
        const { capabilities } = await subject.bind(name, { needs });
        assert.deepEqual(
          needs.filter((need) => !capabilities.includes(need)),
          [],
        );
        const missing = kind.capabilities.filter((one) => !capabilities.includes(one));
        await assertRefused(suite, subject.clientOf(name) as ClientOf<S>, missing);
      }
    },

    "a namespace that needs what the plugin does not have is not bound": async (_, subject) => {
      const declared = declaredBy(suite, subject);
      const missing = kind.capabilities.filter((capability) => !declared.includes(capability));
      for (const need of [...missing, "made_up"]) {
        const name = subject.freshName();
        await expectFailure(subject.bind(name, { needs: [...declared, need] }), "CAPABILITY_MISSING");
        const call = subject.clientOf(name).callBytes(probe.method, probe.request(name));
        await expectFailure(call, "NAMESPACE_NOT_FOUND");
      }
    },
  });
}

/** For each capability that a plugin does not declare: a case that proves that all its uses are refused. */
export function refusalCases<S extends Subject>(
  suite: PatternSuite<S>,
  declared: readonly string[],
): ConformanceCase<S>[] {
  const missing = suite.kind.capabilities.filter((capability) => !declared.includes(capability));
  return missing.flatMap((capability) =>
    conformanceCases<S>("capabilities", [], {
      [`${capability} is not declared, and refused`]: async (client, subject) => {
        await assertRefused(suite, client, [capability]);
        for (const options of suite.optionUses?.[capability] ?? []) {
          await expectFailure(subject.bind(subject.freshName(), { options }), "INVALID_SETTINGS");
        }
      },
    }),
  );
}

async function assertRefused<S extends Subject>(
  { uses, witness }: PatternSuite<S>,
  client: ClientOf<S>,
  capabilities: readonly string[],
): Promise<void> {
  const assertUnchanged = await witness(client);
  for (const capability of capabilities) {
    for (const [use, call] of Object.entries(uses[capability] ?? {})) {
      const refused = await expectFailure(call(client), "CAPABILITY_MISSING");
      assert.ok(refused.message.length > 20, `the refusal of ${use} explains itself`);
    }
  }
  await assertUnchanged();
}

/** What a plugin declares, with what that includes, in the order of the closed list. */
function declaredBy<S extends Subject>(
  suite: PatternSuite<S>,
  { definition }: Pick<S, "definition">,
): readonly string[] {
  const description = definition.patterns[suite.kind.name as keyof typeof definition.patterns];
  return inOrder(suite, description?.capabilities ?? []);
}

function inOrder({ kind }: Pick<PatternSuite, "kind">, capabilities: readonly string[]): readonly string[] {
  return withIncluded(kind, capabilities);
}
