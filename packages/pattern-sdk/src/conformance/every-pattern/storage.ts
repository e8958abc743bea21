import assert from "node:assert/strict";
import { type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { eventually } from "../eventually.js";
import type { PatternSuite } from "../pattern-suite.js";
import type { Subject } from "../subject.js";

const filledBytes = 64 * 1024;
const fillsMax = 4;
/** What is kept beside a value of 64 KiB is a small part of it, on whatever data system. */
const filledBytesMax = 2 * filledBytes;

/** What holds of what a plugin says that its namespaces hold. */
export function storageCases<S extends Subject>({ kind, fill }: PatternSuite<S>): ConformanceCase<S>[] {
  return conformanceCases<S>("storage", [], {
    "what a namespace holds is counted, and nobody else's, if the plugin says that it counts": async (
      client,
      subject,
    ) => {
      const { countsStorage = false } =
        subject.definition.patterns[kind.name as keyof typeof subject.definition.patterns] ?? {};
      const described = subject.description.patterns.find(({ pattern }) => pattern === kind.name);
      assert.equal(described?.countsStorage, countsStorage, "what the running plugin says of it");
      const other = subject.freshName();
      await subject.bind(other);
      const count = () => subject.storageBytes(client.namespace, other, subject.freshName());
      const before = await count();
      if (!countsStorage) {
        assert.deepEqual(before, {});
        return;
      }
      assert.deepEqual(Object.keys(before).sort(), [client.namespace, other].sort(), "what is bound is counted");
      assert.ok(fill !== undefined, `${kind.name} says how a namespace of it is filled`);
      for (let fills = 1; fills <= fillsMax; fills++) await fill(client, filledBytes);
      await eventually("what was written is counted", async () => {
        const grownBytes = Number((await count())[client.namespace]! - before[client.namespace]!);
        return grownBytes >= fillsMax * filledBytes && grownBytes <= fillsMax * filledBytesMax;
      });
      assert.equal((await count())[other], before[other], "what the other namespace holds");
    },
  });
}
