import assert from "node:assert/strict";
import { assertFailure, expectFailure } from "../expect-failure.js";
import { tokenAt } from "../tokens.js";
import { casesOf } from "./key-value-case.js";
import { untilExpired } from "./until-expired.js";

/** Tokens from the oldest to the newest: by time, then by nonce as unsigned bytes. */
const ascendingTokens = [
  tokenAt(0, "b"),
  tokenAt(1, Uint8Array.of(0)),
  tokenAt(1, Uint8Array.of(0, 0)),
  tokenAt(1, Uint8Array.of(0x7f, 0xff)),
  tokenAt(1, Uint8Array.of(0x80)),
  tokenAt(1, new Uint8Array(16).fill(0xff)),
  tokenAt(2, "a"),
  tokenAt(999_999, "a"),
  tokenAt(1_000_000, "a"),
  tokenAt(1_000_000_000_000, "a"),
];

export const idempotencyCases = [
  ...casesOf("idempotency", [], {
    "a set with the same token changes nothing and answers the first etag": async (kv) => {
      const token = tokenAt(1);
      const etag = await kv.set("k", "first", { token });
      assert.equal(await kv.set("k", "first", { token }), etag);
      assert.equal(await kv.set("k", "another value", { token }), etag);
      const entry = await kv.get("k");
      assert.deepEqual([entry?.value.toString(), entry?.etag], ["first", etag]);
    },

    "a replay after an overwrite without a token leaves the overwrite": async (kv) => {
      const token = tokenAt(1);
      const first = await kv.set("k", "first", { token });
      const second = await kv.set("k", "second");
      assert.equal(await kv.set("k", "first", { token }), first);
      const entry = await kv.get("k");
      assert.deepEqual([entry?.value.toString(), entry?.etag], ["second", second]);
    },

    "a replay after a delete does not bring the key back": async (kv) => {
      const token = tokenAt(1);
      const first = await kv.set("k", "first", { token });
      await kv.delete("k");
      assert.equal(await kv.set("k", "first", { token }), first);
      assert.equal(await kv.exists("k"), false);
    },

    "a late token is refused and changes nothing": async (kv) => {
      await kv.set("k", "old", { token: tokenAt(1) });
      const etag = await kv.set("k", "new", { token: tokenAt(2) });
      for (const token of [tokenAt(1), tokenAt(0), tokenAt(1, "other")]) {
        await expectFailure(kv.set("k", "late", { token }), "IDEMPOTENCY_TOKEN_STALE");
      }
      const entry = await kv.get("k");
      assert.deepEqual([entry?.value.toString(), entry?.etag], ["new", etag]);
    },

    "a late token is refused after an overwrite without a token and after a delete": async (kv) => {
      await kv.set("k", "new", { token: tokenAt(2) });
      await kv.set("k", "newer");
      await expectFailure(kv.set("k", "late", { token: tokenAt(1) }), "IDEMPOTENCY_TOKEN_STALE");
      assert.equal(await kv.text("k"), "newer");
      await kv.delete("k");
      await expectFailure(kv.set("k", "late", { token: tokenAt(1) }), "IDEMPOTENCY_TOKEN_STALE");
      assert.equal(await kv.exists("k"), false);
    },

    "tokens are ordered by time to the microsecond, then by nonce as bytes": async (kv) => {
      for (const [position, token] of ascendingTokens.entries()) {
        await kv.set("k", String(position), { token });
        const older = ascendingTokens[position - 1];
        if (older === undefined) continue;
        await expectFailure(kv.set("k", "late", { token: older }), "IDEMPOTENCY_TOKEN_STALE");
        assert.equal(await kv.text("k"), String(position));
      }
    },

    "a newer token is a new write, also of a deleted key": async (kv) => {
      const first = await kv.set("k", "first", { token: tokenAt(1) });
      await kv.delete("k");
      assert.notEqual(await kv.set("k", "second", { token: tokenAt(2) }), first);
      assert.equal(await kv.text("k"), "second");
    },

    "a token belongs to one key of one namespace": async (kv, subject) => {
      const token = tokenAt(5);
      const elsewhere = await subject.namespace();
      await kv.set("a", "of a", { token });
      await kv.set("b", "of b", { token });
      await kv.set("c", "of c", { token: tokenAt(1) });
      await elsewhere.set("a", "elsewhere", { token });
      assert.deepEqual(
        [await kv.text("a"), await kv.text("b"), await elsewhere.text("a")],
        ["of a", "of b", "elsewhere"],
      );
    },

    "of concurrent sets with the same token one is applied, and all answer its etag": async (kv) => {
      const token = tokenAt(1);
      const writers = Array.from({ length: 50 }, (_, writer) => kv.set("k", `writer ${writer}`, { token }));
      const etags = new Set(await Promise.all(writers));
      assert.equal(etags.size, 1, "one write, so one etag");
      assert.ok(etags.has((await kv.get("k"))?.etag ?? ""), "the etag is that of the key");
    },

    "of concurrent sets with different tokens the newest is the last": async (kv) => {
      for (let round = 0; round < 5; round++) {
        const tokens = Array.from({ length: 20 }, (_, writer) => tokenAt(round * 100 + ((writer * 7) % 20)));
        await Promise.allSettled(tokens.map((token, writer) => kv.set("k", String((writer * 7) % 20), { token })));
        assert.equal(await kv.text("k"), "19");
      }
    },
  }),

  ...casesOf("idempotency", ["conditional"], {
    "a replay gets its first answer whatever the condition says by now": async (kv) => {
      const created = await kv.set("k", "first", { token: tokenAt(1), ifAbsent: true });
      assert.equal(await kv.set("k", "first", { token: tokenAt(1), ifAbsent: true }), created);
      const changed = await kv.set("k", "second", { token: tokenAt(2), ifEtag: created });
      assert.equal(await kv.set("k", "second", { token: tokenAt(2), ifEtag: created }), changed);
      assert.equal(await kv.text("k"), "second");
    },

    "a write that failed keeps no token": async (kv) => {
      await kv.set("k", "there");
      await expectFailure(kv.set("k", "refused", { token: tokenAt(5), ifAbsent: true }), "KEY_EXISTS");
      await kv.set("k", "older", { token: tokenAt(4) });
      await kv.set("k", "the same", { token: tokenAt(5) });
      assert.equal(await kv.text("k"), "the same");
    },
  }),

  ...casesOf("idempotency", ["ttl"], {
    "a replay after the key expired does not bring it back, and a replay does not prolong it": async (
      kv,
      { shortTtlMs },
    ) => {
      const token = tokenAt(1);
      const etag = await kv.set("k", "first", { token, ttlMs: shortTtlMs });
      const expiresAtMs = (await kv.get("k"))?.expiresAtMs;
      assert.equal(await kv.set("k", "first", { token, ttlMs: 10 * shortTtlMs }), etag);
      const entry = await kv.get("k");
      if (entry !== undefined) assert.equal(entry.expiresAtMs, expiresAtMs);
      await untilExpired(kv, ["k"]);
      assert.equal(await kv.set("k", "first", { token, ttlMs: shortTtlMs }), etag);
      assert.equal(await kv.exists("k"), false);
      await expectFailure(kv.set("k", "late", { token: tokenAt(0) }), "IDEMPOTENCY_TOKEN_STALE");
    },
  }),

  ...casesOf("idempotency", ["batch"], {
    "the same token twice in a batch is one write, and a late one fails alone": async (kv) => {
      const [first, again, late, other] = await kv.batchSet([
        { key: "k", value: "first", token: tokenAt(2) },
        { key: "k", value: "again", token: tokenAt(2) },
        { key: "k", value: "late", token: tokenAt(1) },
        { key: "other", value: "v", token: tokenAt(1) },
      ]);
      assert.equal(again, first);
      assertFailure(late, "IDEMPOTENCY_TOKEN_STALE");
      assert.equal(typeof other, "string");
      assert.deepEqual([await kv.text("k"), await kv.text("other")], ["first", "v"]);
    },
  }),
];
