import assert from "node:assert/strict";
import { expectFailure } from "../expect-failure.js";
import { seededRandom } from "../seeded-random.js";
import { tokenAt } from "../tokens.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient } from "./key-value-client.js";
import type { KeyValueSubject } from "./key-value-subject.js";

/** Ends of names that are easily taken for each other; the last is Cyrillic. */
const nameEnds = ["a", "a:b", "a%", "a_", "A", "a ", "a\0", "a/b", "a*", "ab", "а"];

export const isolationCases = [
  ...casesOf("isolation", [], {
    "namespaces whose names are alike share nothing": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      await Promise.all(namespaces.map((kv) => kv.set("k", `of ${kv.namespace}`)));
      for (const kv of namespaces) assert.equal(await kv.text("k"), `of ${kv.namespace}`);
      for (const [index, kv] of namespaces.entries()) {
        assert.equal(await kv.delete("k"), true, kv.namespace);
        const next = namespaces[index + 1];
        if (next !== undefined)
          assert.equal(await next.exists("k"), true, `a delete in ${kv.namespace} reached ${next.namespace}`);
      }
    },

    "a name and a key do not run into each other": async (_, subject) => {
      const base = subject.freshName();
      const parts = [
        ["", "b:c"],
        [":b", "c"],
        [":b:c", ":"],
        ["", ":b:c"],
        [":", "b:c"],
        ["/b", "c"],
        ["", "b/c"],
        ["", "\0b"],
        ["\0", "b"],
      ];
      const cells = await Promise.all(
        parts.map(async ([end = "", key = ""]) => ({ kv: await subject.namespace({ name: base + end }), key })),
      );
      for (const { kv, key } of cells) await kv.set(key, `${kv.namespace} ${key}`);
      for (const { kv, key } of cells) assert.equal(await kv.text(key), `${kv.namespace} ${key}`);
    },

    "random calls on namespaces whose names are alike answer as separate maps do": async (_, subject) => {
      const random = seededRandom(9);
      const cells = (await alikeNamespaces(subject)).map((kv) => ({ kv, model: new Map<string, string>() }));
      for (let step = 0; step < 200; step++) {
        const { kv, model } = random.pick(cells);
        const key = random.pick(["k", "k2", "a", "b", ":b", "%"]);
        const what = `step ${step}: ${kv.namespace} ${key}`;
        if (random.below(3) === 0) assert.equal(await kv.delete(key), model.delete(key), what);
        else {
          await kv.set(key, what);
          model.set(key, what);
        }
        const other = random.pick(cells);
        assert.equal(await other.kv.text(key), other.model.get(key), what);
      }
    },

    "deleting the data of a namespace leaves the others": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      await Promise.all(namespaces.map((kv) => kv.set("k", `of ${kv.namespace}`)));
      for (const [index, kv] of namespaces.entries()) {
        await subject.unbind(kv.namespace, { deleteData: true });
        for (const other of namespaces.slice(index + 1)) {
          assert.equal(await other.text("k"), `of ${other.namespace}`, `${kv.namespace} was deleted`);
        }
      }
    },

    "a namespace whose data was deleted is empty when it is bound again, and has forgotten its tokens": async (
      _,
      subject,
    ) => {
      const name = subject.freshName();
      const before = await subject.namespace({ name });
      const etag = await before.set("k", "v", { token: tokenAt(1) });
      await subject.unbind(name, { deleteData: true });
      const after = await subject.namespace({ name });
      assert.equal(await after.exists("k"), false);
      assert.notEqual(await after.set("k", "again", { token: tokenAt(1) }), etag);
      assert.equal(await after.text("k"), "again");
    },

    "binding again keeps the data, also after an unbind that does not delete it": async (_, subject) => {
      const name = subject.freshName();
      const kv = await subject.namespace({ name });
      const etag = await kv.set("k", "v");
      await subject.namespace({ name });
      assert.equal((await kv.get("k"))?.etag, etag);
      await subject.unbind(name);
      await expectFailure(kv.get("k"), "NAMESPACE_NOT_FOUND");
      await subject.namespace({ name });
      assert.equal((await kv.get("k"))?.etag, etag);
    },

    "a bind that is only planned binds nothing": async (_, subject) => {
      const name = subject.freshName();
      await subject.bind(name, { planOnly: true });
      await expectFailure(subject.clientOf(name).set("k", "v"), "NAMESPACE_NOT_FOUND");
      const kv = await subject.namespace({ name });
      assert.equal(await kv.exists("k"), false);
    },
  }),

  ...casesOf("isolation", ["scan"], {
    "a scan stays in its namespace": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      await Promise.all(namespaces.flatMap((kv) => [kv.set("k", "v"), kv.set(`only in ${kv.namespace}`, "v")]));
      for (const kv of namespaces) {
        const keys = await kv.scanKeys({ limit: 1 });
        assert.deepEqual(keys.sort(), ["k", `only in ${kv.namespace}`], kv.namespace);
      }
    },
  }),

  ...casesOf("isolation", ["count"], {
    "a count stays in its namespace": async (_, subject) => {
      const namespaces = await alikeNamespaces(subject);
      await Promise.all(
        namespaces.map((kv, index) =>
          Promise.all(Array.from({ length: index }, (_none, key) => kv.set(`k${key}`, "v"))),
        ),
      );
      for (const [index, kv] of namespaces.entries()) assert.equal(await kv.count(), index, kv.namespace);
    },
  }),
];

/** Namespaces with the names above, after a part that no other case uses. */
async function alikeNamespaces(subject: KeyValueSubject): Promise<KeyValueClient[]> {
  const base = subject.freshName();
  return Promise.all(nameEnds.map((end) => subject.namespace({ name: `${base}${end}` })));
}
