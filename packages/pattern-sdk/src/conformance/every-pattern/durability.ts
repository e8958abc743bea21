import assert from "node:assert/strict";
import { durabilities, isDurableEnough } from "../../durability.js";
import { durabilityOfWire } from "../../protocol/wire-durability.js";
import { type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { expectFailure } from "../expect-failure.js";
import type { PatternSuite } from "../pattern-suite.js";
import type { Subject } from "../subject.js";

/** What holds of what a namespace may need its writes to survive. */
export function neededDurabilityCases<S extends Subject>({ probe }: PatternSuite<S>): ConformanceCase<S>[] {
  return conformanceCases<S>("needed durability", [], {
    "a namespace that needs no more than it is given is bound, and any other is refused": async (_, subject) => {
      const { durability } = await subject.bind(subject.freshName());
      const given = durabilityOfWire(durability);
      assert.ok(given !== undefined, "what a write survives is said");
      for (const needed of durabilities) {
        const name = subject.freshName();
        const bound = subject.bind(name, { durability: needed });
        if (isDurableEnough(given, needed)) {
          assert.equal((await bound).durability, durability);
          continue;
        }
        await expectFailure(bound, "DURABILITY_MISSING");
        const call = subject.clientOf(name).callBytes(probe.method, probe.request(name));
        await expectFailure(call, "NAMESPACE_NOT_FOUND");
      }
    },
  });
}
