import assert from "node:assert/strict";
import { ChangeKind } from "../../protocol/gen/prism/keyvalue/v1/keyvalue.js";
import { msFromTimestamp } from "../../protocol/wire-time.js";
import { assertFailure, expectFailure } from "../expect-failure.js";
import { tokenAt } from "../tokens.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient } from "./key-value-client.js";
import { changeText, type KeyValueWatch } from "./key-value-watch.js";
import { wildcards } from "./tricky-keys.js";
import { untilExpired } from "./until-expired.js";

const hourMs = 3_600_000;

/** How much later than its deadline a watch may end on a busy machine. */
const latenessMsMax = 2_000;

export const watchCases = [
  ...casesOf("watch", ["watch"], {
    "each change comes once, in order, with value and etag": async (kv) => {
      await kv.set("before", "v");
      const watch = await kv.watch();
      const etags = [await kv.set("a", "1"), await kv.set("a", "2"), await kv.set("b", "1")];
      await kv.delete("a");
      etags.push(await kv.set("a", ""));
      assert.deepEqual(await textsUntilEnd(kv, watch), ["set a=1", "set a=2", "set b=1", "deleted a", "set a="]);
      const sets = watch.changes.filter(({ kind, key }) => kind === ChangeKind.SET && key !== endKey);
      assert.deepEqual(
        sets.map(({ etag }) => etag),
        etags,
      );
    },

    "what changes nothing sends nothing": async (kv) => {
      await kv.set("k", "v", { token: tokenAt(2) });
      const watch = await kv.watch();
      await kv.delete("missing");
      await kv.set("k", "replayed", { token: tokenAt(2) });
      await expectFailure(kv.set("k", "late", { token: tokenAt(1) }), "IDEMPOTENCY_TOKEN_STALE");
      await kv.get("k");
      assert.deepEqual(await textsUntilEnd(kv, watch), []);
    },

    "only keys with the prefix are sent, whatever wildcards it holds": async (kv) => {
      const prefixes = [...wildcards, "a", "é", "\0", "😀"];
      const keys = [...prefixes.flatMap((prefix) => [prefix, `${prefix}b`, `x${prefix}`]), "ab", "aXb", "A", "é"];
      const watches = await Promise.all(prefixes.map((prefix) => kv.watch(prefix)));
      await Promise.all([...new Set(keys)].map((key) => kv.set(key, "v")));
      await Promise.all(prefixes.map((prefix) => kv.set(`${prefix}${endKey}`, "v")));
      for (const [index, prefix] of prefixes.entries()) {
        const changes = await watches[index]!.untilKey(`${prefix}${endKey}`);
        const sent = changes.map(({ key }) => key).filter((key) => !key.endsWith(endKey));
        const expected = [...new Set(keys)].filter((key) => key.startsWith(prefix));
        assert.deepEqual(sent.sort(), expected.sort(), `the prefix ${JSON.stringify(prefix)}`);
        watches[index]!.cancel();
      }
    },

    "values of 2 MiB are sent whole": async (kv, subject) => {
      const watch = await kv.watch();
      const value = Buffer.alloc(subject.valueSize(2 ** 21), "v");
      await kv.set("large", value);
      const [change] = await watch.untilKey("large");
      assert.ok(value.equals(change!.value), `${change?.value.length} bytes arrived`);
      watch.cancel();
    },

    "under concurrent writers the changes of each key come once and in the order they were made": async (kv) => {
      const watch = await kv.watch("k");
      const keys = ["k1", "k2", "k3", "k4", "k5"];
      const steps = 40;
      await Promise.all(
        keys.map(async (key) => {
          for (let step = 0; step < steps; step++) await kv.set(key, String(step));
        }),
      );
      await textsUntilEnd(kv, watch, "k");
      for (const key of keys) {
        const values = watch.changes
          .filter((change) => change.key === key)
          .map(({ value }) => Number(Buffer.from(value)));
        assert.deepEqual(
          values,
          Array.from({ length: steps }, (_, step) => step),
          `the changes of ${key}`,
        );
      }
    },

    "under concurrent writers of one key every write comes once, and the last is what is there": async (kv) => {
      const watch = await kv.watch();
      const etags = await Promise.all(Array.from({ length: 50 }, (_, writer) => kv.set("k", `writer ${writer}`)));
      const current = (await kv.get("k"))?.etag;
      await textsUntilEnd(kv, watch);
      const sent = watch.changes.filter(({ key }) => key === "k").map(({ etag }) => etag);
      assert.deepEqual([...sent].sort(), [...etags].sort());
      assert.equal(sent.at(-1), current);
    },

    "a write that is acknowledged after the watch is in place is never missed": async (kv) => {
      for (let round = 0; round < 20; round++) {
        const [watch] = await Promise.all([kv.watch(`${round}`), kv.set("unrelated", "v")]);
        await kv.set(`${round}`, "v");
        await watch.untilKey(`${round}`);
        watch.cancel();
      }
    },

    "every watcher gets every change, and one that leaves does not disturb the others": async (kv) => {
      const watches = await Promise.all([kv.watch(), kv.watch("k"), kv.watch()]);
      await kv.set("k", "1");
      for (const watch of watches) await watch.untilKey("k");
      watches[0]!.cancel();
      await kv.set("k", "2");
      for (const watch of watches.slice(1))
        assert.deepEqual(await textsUntilEnd(kv, watch, "k"), ["set k=1", "set k=2"]);
      assert.equal(watches[0]!.changes.length, 1);
    },

    "a watch sees its own namespace only": async (kv, subject) => {
      const other = await subject.namespace();
      const watch = await kv.watch();
      await other.set("k", "elsewhere");
      await other.delete("k");
      await kv.set("k", "here");
      assert.deepEqual(await textsUntilEnd(kv, watch), ["set k=here"]);
    },

    "watches that were cancelled leave nothing behind": async (kv) => {
      for (let round = 0; round < 10; round++) {
        const watches = await Promise.all(Array.from({ length: 30 }, () => kv.watch()));
        for (const watch of watches) watch.cancel();
      }
      const watch = await kv.watch();
      await kv.set("k", "v");
      assert.deepEqual(await textsUntilEnd(kv, watch), ["set k=v"]);
    },

    "a watch ends when its deadline passes, and not before": async (kv) => {
      const timeoutMs = 1_000;
      const startedAtMs = performance.now();
      const watch = await kv.watch("", { timeoutMs });
      assertFailure(await watch.ended, "DEADLINE_EXCEEDED");
      const lastedMs = performance.now() - startedAtMs;
      assert.ok(lastedMs >= timeoutMs - 5, `the watch lasted ${lastedMs} of ${timeoutMs} ms`);
      assert.ok(lastedMs < timeoutMs + latenessMsMax, `the watch lasted ${lastedMs} of ${timeoutMs} ms`);
    },

    "a watch ends when its namespace is unbound": async (_, subject) => {
      const kv = await subject.namespace();
      const watch = await kv.watch();
      await subject.unbind(kv.namespace);
      assertFailure(await watch.ended, "NAMESPACE_UNAVAILABLE");
    },
  }),

  ...casesOf("watch", ["watch", "ttl"], {
    "a key that expires sends expired, once, and nothing before its time": async (kv, { shortTtlMs }) => {
      const watch = await kv.watch();
      for (const key of ["unread", "read"]) await kv.set(key, "v", { ttlMs: shortTtlMs });
      await kv.set("kept", "v", { ttlMs: shortTtlMs });
      await kv.persist("kept");
      await untilExpired(kv, ["read"]);
      await watch.until(
        "both keys send expired",
        (changes) => changes.filter(({ kind }) => kind === ChangeKind.EXPIRED).length >= 2,
      );
      await kv.delete("read");
      const texts = await textsUntilEnd(kv, watch);
      assert.deepEqual(texts.sort(), ["expired read", "expired unread", "set kept=v", "set read=v", "set unread=v"]);
    },

    "a key that is written again after it expired sends expired before the write": async (kv, { shortTtlMs }) => {
      const watch = await kv.watch();
      await kv.set("k", "old", { ttlMs: shortTtlMs });
      await untilExpired(kv, ["k"]);
      await kv.set("k", "new");
      await kv.delete("k");
      assert.deepEqual(await textsUntilEnd(kv, watch), ["set k=old", "expired k", "set k=new", "deleted k"]);
    },

    "an overwrite of a key with a time to live does not send expired": async (kv, { shortTtlMs }) => {
      const watch = await kv.watch();
      await kv.set("k", "1", { ttlMs: shortTtlMs });
      await kv.set("k", "2", { ttlMs: hourMs });
      await kv.set("control", "v", { ttlMs: shortTtlMs });
      await watch.until("the control key sends expired", (changes) =>
        changes.some(({ kind }) => kind === ChangeKind.EXPIRED),
      );
      const texts = await textsUntilEnd(kv, watch);
      assert.deepEqual(texts, ["set k=1", "set k=2", "set control=v", "expired control"]);
    },

    "a change says when its key will be gone": async (kv) => {
      const watch = await kv.watch();
      await kv.set("k", "v", { ttlMs: hourMs });
      const [change] = await watch.untilKey("k");
      assert.equal(change?.expireTime && msFromTimestamp(change.expireTime), (await kv.get("k"))?.expiresAtMs);
      watch.cancel();
    },
  }),

  ...casesOf("watch", ["watch", "conditional"], {
    "a refused write sends nothing": async (kv) => {
      const etag = await kv.set("k", "v");
      const watch = await kv.watch();
      await expectFailure(kv.set("k", "w", { ifAbsent: true }), "KEY_EXISTS");
      await expectFailure(kv.set("missing", "w", { ifEtag: etag }), "ETAG_MISMATCH");
      await expectFailure(kv.delete("missing", etag), "ETAG_MISMATCH");
      await kv.delete("k", etag);
      assert.deepEqual(await textsUntilEnd(kv, watch), ["deleted k"]);
    },
  }),

  ...casesOf("watch", ["watch", "batch"], {
    "each entry of a batch sends its change, in order": async (kv) => {
      const watch = await kv.watch();
      await kv.batchSet(["a", "b", "a"].map((key, index) => ({ key, value: String(index) })));
      await kv.batchDelete(["a", "missing", "a"].map((key) => ({ key })));
      assert.deepEqual(await textsUntilEnd(kv, watch), ["set a=0", "set b=1", "set a=2", "deleted a"]);
    },
  }),

  ...casesOf("watch", ["watch", "counter"], {
    "an increment sends the sum": async (kv) => {
      const watch = await kv.watch();
      await kv.increment("k", 5n);
      await kv.increment("k", -7n);
      assert.deepEqual(await textsUntilEnd(kv, watch), ["set k=5", "set k=-2"]);
    },
  }),

  ...casesOf("watch", ["watch", "transaction"], {
    "each mutation of a transaction sends its change, in order per key, and a refused one nothing": async (kv) => {
      await kv.set("a", "0");
      const watch = await kv.watch();
      await kv.transact(
        [],
        [
          { set: "a", value: "1" },
          { delete: "a" },
          { delete: "a" },
          { set: "a", value: "2" },
          { set: "b", value: "1" },
        ],
      );
      await expectFailure(kv.transact([{ key: "a", exists: false }], [{ set: "a", value: "3" }]), "CONDITION_FAILED");
      const texts = await textsUntilEnd(kv, watch);
      assert.deepEqual(
        texts.filter((text) => text.includes(" a")),
        ["set a=1", "deleted a", "set a=2"],
      );
      assert.deepEqual(
        texts.filter((text) => text.includes(" b")),
        ["set b=1"],
      );
    },
  }),
];

/** The last change that a case makes: what was to come before it has come when it arrives. */
const endKey = "~end";

/** Makes a last change, waits for it, cancels the watch, and returns the changes before it as short texts. */
async function textsUntilEnd(kv: KeyValueClient, watch: KeyValueWatch, prefix = ""): Promise<string[]> {
  const key = `${prefix}${endKey}`;
  const seen = new Set(watch.changes);
  await kv.set(key, "v");
  const changes = await watch.until("the last change arrives", (all) =>
    all.some((one) => one.key === key && !seen.has(one)),
  );
  watch.cancel();
  return changes.filter((change) => !change.key.endsWith(endKey)).map(changeText);
}
