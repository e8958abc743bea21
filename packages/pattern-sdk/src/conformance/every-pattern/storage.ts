import assert from "node:assert/strict";
import { type ClientOf, type ConformanceCase, conformanceCases } from "../conformance-case.js";
import { eventually } from "../eventually.js";
import type { PatternSuite } from "../pattern-suite.js";
import type { Subject } from "../subject.js";

const filledBytes = 64 * 1024;
const fillsMax = 4;
/** What is kept beside a value of 64 KiB is a small part of it, on whatever data system. */
const filledBytesMax = 2 * filledBytes;
/** What may be left of what was taken out, such as marks of keys that were deleted. */
const leftBytesMax = BigInt(filledBytes / 4);

/** What holds of what a plugin says that its namespaces hold. */
export function storageCases<S extends Subject>({ kind, fill }: PatternSuite<S>): ConformanceCase<S>[] {
  /** Fills a namespace, and waits until the plugin says so; returns what takes it out again. */
  const fillUp = async (client: ClientOf<S>, subject: S, beforeBytes: bigint) => {
    assert.ok(fill !== undefined, `${kind.name} says how a namespace of it is filled`);
    const removals: (() => Promise<unknown>)[] = [];
    for (let fills = 1; fills <= fillsMax; fills++) {
      const remove = await fill(client, filledBytes);
      if (remove !== undefined) removals.push(remove);
    }
    await eventually(
      "what was written is counted",
      async () => {
        const grownBytes = Number((await heldBytes(subject, client.namespace)) - beforeBytes);
        return grownBytes >= fillsMax * filledBytes && grownBytes <= fillsMax * filledBytesMax;
      },
      subject.backgroundMs,
    );
    return removals;
  };

  return conformanceCases<S>("storage", [], {
    "what a namespace holds is counted, and nobody else's, if the plugin says that it counts": async (
      client,
      subject,
    ) => {
      const { countsStorage } = subject;
      const described = subject.description.patterns.find(({ pattern }) => pattern === kind.name);
      assert.equal(described?.countsStorage, countsStorage, "what the running plugin says of it");
      const other = subject.freshName();
      await subject.bind(other);
      const before = await subject.storageBytes(client.namespace, other, subject.freshName());
      if (!countsStorage) {
        assert.deepEqual(before, {});
        return;
      }
      assert.deepEqual(Object.keys(before).sort(), [client.namespace, other].sort(), "what is bound is counted");
      await fillUp(client, subject, before[client.namespace]!);
      assert.equal(await heldBytes(subject, other), before[other], "what the other namespace holds");
    },

    "what is taken out of a namespace is not counted any more, if the plugin says that it counts": async (
      client,
      subject,
    ) => {
      if (!subject.countsStorage) return;
      const beforeBytes = await heldBytes(subject, client.namespace);
      const removals = await fillUp(client, subject, beforeBytes);
      if (removals.length === 0) return;
      for (const remove of removals) await remove();
      await untilHeld(subject, client.namespace, beforeBytes + leftBytesMax);
    },
  });
}

/** Waits until the plugin says that a namespace holds no more than this. */
export async function untilHeld(subject: Subject, namespace: string, bytesMax: bigint): Promise<void> {
  await eventually(
    "what was taken out is not counted any more",
    async () => (await heldBytes(subject, namespace)) <= bytesMax,
    subject.backgroundMs,
  );
}

/** What the plugin says that a namespace holds. */
export async function heldBytes(subject: Subject, namespace: string): Promise<bigint> {
  const bytes = (await subject.storageBytes(namespace))[namespace];
  assert.ok(bytes !== undefined, "what is bound is counted");
  return bytes;
}
