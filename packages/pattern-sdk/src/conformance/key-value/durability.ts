import assert from "node:assert/strict";
import { expectFailure } from "../expect-failure.js";
import { tokenAt } from "../tokens.js";
import { casesOf } from "./key-value-case.js";

/** For plugins that say that an acknowledged write survives their process; each restart is a SIGKILL. */
export const durabilityCases = [
  ...casesOf("durability", [], {
    "what was acknowledged is there after a kill, with its etag": async (kv, subject) => {
      const values = new Map(Array.from({ length: 100 }, (_, index) => [`key ${index}`, `value ${index}`]));
      const etags = new Map<string, string>();
      await Promise.all([...values].map(async ([key, value]) => etags.set(key, await kv.set(key, value))));
      const large = Buffer.alloc(subject.valueSize(1_000_000), "v");
      await kv.set("large", large);
      await kv.delete("key 7");
      await subject.restart();
      for (const [key, value] of values) {
        const entry = await kv.get(key);
        if (key === "key 7") assert.equal(entry, undefined, "a deleted key came back");
        else assert.deepEqual([entry?.value.toString(), entry?.etag], [value, etags.get(key)], key);
      }
      assert.ok((await kv.get("large"))?.value.equals(large));
    },

    "of the writes in flight when it was killed, every acknowledged one is there": async (kv, subject) => {
      const acknowledged: string[] = [];
      const writes = Array.from({ length: 300 }, (_, index) => `key ${index}`).map(async (key) => {
        await kv.set(key, key);
        acknowledged.push(key);
      });
      await Promise.any(writes);
      await subject.restart();
      await Promise.allSettled(writes);
      for (const key of acknowledged) assert.equal(await kv.text(key), key, "an acknowledged write is lost");
    },

    "idempotency tokens survive": async (kv, subject) => {
      const etag = await kv.set("k", "v", { token: tokenAt(2) });
      await kv.delete("k");
      await subject.restart();
      assert.equal(await kv.set("k", "again", { token: tokenAt(2) }), etag);
      await expectFailure(kv.set("k", "late", { token: tokenAt(1) }), "IDEMPOTENCY_TOKEN_STALE");
      assert.equal(await kv.exists("k"), false);
    },

    "no etag of before comes again": async (kv, subject) => {
      const etags = new Set<string>();
      for (let write = 0; write < 50; write++) etags.add(await kv.set("k", String(write)));
      await kv.delete("k");
      await subject.restart();
      for (let write = 0; write < 50; write++) etags.add(await kv.set("k", String(write)));
      assert.equal(etags.size, 100);
    },
  }),

  ...casesOf("durability", ["ttl"], {
    "times to live survive, and pass while nobody is there": async (kv, subject) => {
      await kv.set("long", "v", { ttlMs: 3_600_000 });
      await kv.set("short", "v", { ttlMs: subject.shortTtlMs });
      const expiresAtMs = (await kv.get("long"))?.expiresAtMs;
      await subject.restart({ afterMs: subject.shortTtlMs });
      assert.equal((await kv.get("long"))?.expiresAtMs, expiresAtMs);
      assert.equal(await kv.exists("short"), false);
    },
  }),

  ...casesOf("durability", ["transaction"], {
    "a transaction in flight when it was killed is there whole or not at all": async (kv, subject) => {
      const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
      let acknowledged = 0;
      const killing = Promise.withResolvers<void>();
      const writer = (async () => {
        for (let round = 1; round <= 2_000; round++) {
          await kv.transact(
            [],
            keys.map((key) => ({ set: key, value: String(round) })),
          );
          acknowledged = round;
          if (round === 5) killing.resolve();
        }
      })();
      await Promise.race([killing.promise, writer]);
      await subject.restart();
      await Promise.allSettled([writer]);
      const values = new Set(await Promise.all(keys.map((key) => kv.text(key))));
      assert.equal(values.size, 1, `parts of transactions: ${[...values].join(", ")}`);
      assert.ok(Number([...values][0]) >= acknowledged, "an acknowledged transaction is lost");
    },
  }),
];
