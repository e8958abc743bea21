import assert from "node:assert/strict";
import { eventually } from "../eventually.js";
import { casesOf } from "./key-value-case.js";
import type { KeyValueClient } from "./key-value-client.js";
import { untilExpired } from "./until-expired.js";

/** How much later than promised a key may be gone on a busy machine. */
const latenessMsMax = 2_000;

/** What a clock that counts whole milliseconds, or one that is looked at once per turn, may be ahead. */
const earlinessMsMax = 5;

/** Far enough away not to pass while a case runs. */
const hourMs = 3_600_000;

const tenYearsMs = 10 * 365 * 24 * hourMs;

export const ttlCases = [
  ...casesOf("ttl", ["ttl"], {
    "a key is there until its time has passed, and gone then": async (kv, { shortTtlMs }) => {
      const ttls = [shortTtlMs, 2 * shortTtlMs, 3 * shortTtlMs];
      await Promise.all(ttls.map((ttlMs) => assertLives(kv, `for ${ttlMs}`, ttlMs)));
    },

    "an expired key is missing for every method": async (kv, { shortTtlMs }) => {
      const keys = ["get", "exists", "delete", "getTtl", "expire", "persist"];
      await Promise.all([...keys, "control"].map((key) => kv.set(key, "v", { ttlMs: shortTtlMs })));
      await untilExpired(kv, ["control"]);
      await untilExpired(kv, keys);
      assert.equal(await kv.get("get"), undefined);
      assert.equal(await kv.delete("delete"), false);
      assert.equal(await kv.getTtl("getTtl"), undefined);
      assert.equal(await kv.expire("expire", hourMs), undefined);
      assert.equal(await kv.persist("persist"), false);
      for (const key of keys) assert.equal(await kv.exists(key), false, `${key} brought the key back`);
    },

    "an overwrite with a longer time to live replaces the shorter": async (kv, { shortTtlMs }) => {
      await kv.set("k", "old", { ttlMs: shortTtlMs });
      await kv.set("k", "new", { ttlMs: hourMs });
      await passed(kv, shortTtlMs);
      assert.equal(await kv.text("k"), "new");
      assertAbout((await kv.getTtl("k"))?.remainingMs, hourMs - shortTtlMs);
    },

    "an overwrite with a shorter time to live replaces the longer": async (kv, { shortTtlMs }) => {
      await kv.set("k", "old", { ttlMs: hourMs });
      await assertLives(kv, "k", shortTtlMs);
    },

    "an overwrite without a time to live takes it away": async (kv, { shortTtlMs }) => {
      await kv.set("k", "old", { ttlMs: shortTtlMs });
      await kv.set("k", "new");
      assert.deepEqual(await kv.getTtl("k"), { remainingMs: undefined, expiresAtMs: undefined });
      assert.equal((await kv.get("k"))?.expiresAtMs, undefined);
      await passed(kv, shortTtlMs);
      assert.equal(await kv.text("k"), "new");
    },

    "a key that is deleted and recreated does not have its old time to live": async (kv, { shortTtlMs }) => {
      await kv.set("k", "old", { ttlMs: shortTtlMs });
      await kv.delete("k");
      await kv.set("k", "new");
      await passed(kv, shortTtlMs);
      assert.equal(await kv.text("k"), "new");
    },

    "a key that is written again after it expired stays": async (kv, { shortTtlMs }) => {
      const old = await kv.set("k", "old", { ttlMs: shortTtlMs });
      await untilExpired(kv, ["k"]);
      const etag = await kv.set("k", "new");
      assert.notEqual(etag, old);
      await passed(kv, shortTtlMs);
      assert.deepEqual(
        [(await kv.get("k"))?.etag, await kv.getTtl("k")],
        [etag, { remainingMs: undefined, expiresAtMs: undefined }],
      );
    },

    "expire gives a time to live, leaves value and etag, and the key goes on time": async (kv, { shortTtlMs }) => {
      const etag = await kv.set("k", "v");
      const sentAtMs = Date.now();
      assertAbout(await kv.expire("k", hourMs), sentAtMs + hourMs);
      const entry = await kv.get("k");
      assert.deepEqual([entry?.value.toString(), entry?.etag], ["v", etag]);
      await assertLives(kv, "k", shortTtlMs, () => kv.expire("k", shortTtlMs));
    },

    "expire replaces the time to live that a key has": async (kv, { shortTtlMs }) => {
      await kv.set("k", "v", { ttlMs: shortTtlMs });
      await kv.expire("k", hourMs);
      await passed(kv, shortTtlMs);
      assert.equal(await kv.exists("k"), true);
    },

    "expire and persist answer that a missing key is missing, and do not create it": async (kv) => {
      assert.equal(await kv.expire("missing", hourMs), undefined);
      assert.equal(await kv.persist("missing"), false);
      assert.equal(await kv.getTtl("missing"), undefined);
      assert.equal(await kv.exists("missing"), false);
    },

    "persist takes the time to live away and leaves value and etag": async (kv, { shortTtlMs }) => {
      const etag = await kv.set("k", "v", { ttlMs: shortTtlMs });
      assert.equal(await kv.persist("k"), true);
      assert.equal(await kv.persist("k"), true);
      await passed(kv, shortTtlMs);
      const entry = await kv.get("k");
      assert.deepEqual([entry?.value.toString(), entry?.etag, entry?.expiresAtMs], ["v", etag, undefined]);
    },

    "the time to live is read back, as what remains and as a time": async (kv) => {
      for (const ttlMs of [60_000, hourMs, 30 * 24 * hourMs, tenYearsMs]) {
        const sentAtMs = Date.now();
        await kv.set("k", "v", { ttlMs });
        const ttl = await kv.getTtl("k");
        assertAbout(ttl?.remainingMs, ttlMs);
        assertAbout(ttl?.expiresAtMs, sentAtMs + ttlMs);
        assert.ok(ttl!.remainingMs! <= ttlMs, `of ${ttlMs} ms remain ${ttl?.remainingMs}`);
        assertAbout((await kv.get("k"))?.expiresAtMs, sentAtMs + ttlMs);
      }
      await kv.set("for good", "v");
      assert.deepEqual(await kv.getTtl("for good"), { remainingMs: undefined, expiresAtMs: undefined });
      assert.equal((await kv.get("for good"))?.expiresAtMs, undefined);
    },

    "what remains becomes less as time passes": async (kv, { shortTtlMs }) => {
      await kv.set("k", "v", { ttlMs: hourMs });
      const before = (await kv.getTtl("k"))?.remainingMs ?? 0;
      await passed(kv, shortTtlMs);
      const after = (await kv.getTtl("k"))?.remainingMs ?? 0;
      assert.ok(before - after >= shortTtlMs - earlinessMsMax, `${before} ms remained, then ${after}`);
    },

    "the smallest time to live works": async (kv, { ttlGrainMs }) => {
      await kv.set("k", "v", { ttlMs: ttlGrainMs });
      await untilExpired(kv, ["k"], ttlGrainMs + latenessMsMax);
    },
  }),

  ...casesOf("ttl", ["ttl", "batch"], {
    "batches set and clear times to live, and do not see what expired": async (kv, { shortTtlMs }) => {
      await kv.batchSet([
        { key: "short", value: "v", ttlMs: shortTtlMs },
        { key: "cleared", value: "v", ttlMs: shortTtlMs },
        { key: "cleared", value: "v" },
        { key: "long", value: "v", ttlMs: hourMs },
      ]);
      await untilExpired(kv, ["short"]);
      await passed(kv, shortTtlMs);
      const entries = await kv.batchGet(["short", "cleared", "long"]);
      assert.deepEqual(
        entries.map((entry) => entry !== undefined),
        [false, true, true],
      );
      assert.deepEqual(await kv.batchDelete([{ key: "short" }, { key: "long" }]), [false, true]);
    },
  }),

  ...casesOf("ttl", ["ttl", "scan"], {
    "an expired key is not scanned, and a living one is, with its time": async (kv, { shortTtlMs }) => {
      const sentAtMs = Date.now();
      for (let index = 0; index < 10; index++) {
        await kv.set(`k${index}`, "v", index % 2 ? { ttlMs: shortTtlMs } : { ttlMs: hourMs });
      }
      await untilExpired(kv, ["k1", "k3", "k5", "k7", "k9"]);
      const entries = await kv.scan({ prefix: "k", limit: 2 });
      assert.deepEqual(entries.map(({ key }) => key).sort(), ["k0", "k2", "k4", "k6", "k8"]);
      for (const { expireTime } of entries) assertAbout(Number(expireTime?.seconds) * 1_000, sentAtMs + hourMs);
    },
  }),

  ...casesOf("ttl", ["ttl", "count"], {
    "an expired key is not counted": async (kv, { shortTtlMs }) => {
      for (let index = 0; index < 10; index++) await kv.set(`k${index}`, "v", index % 2 ? { ttlMs: shortTtlMs } : {});
      await passed(kv, shortTtlMs);
      assert.equal(await kv.count("k"), 5);
    },
  }),

  ...casesOf("ttl", ["ttl", "counter"], {
    "an increment leaves the time to live": async (kv, { shortTtlMs }) => {
      await kv.set("k", "1", { ttlMs: hourMs });
      const { expiresAtMs } = (await kv.getTtl("k"))!;
      await kv.increment("k", 1n);
      assert.equal((await kv.getTtl("k"))?.expiresAtMs, expiresAtMs);
      await assertLives(kv, "k", shortTtlMs, async () => {
        await kv.expire("k", shortTtlMs);
        await kv.increment("k", 1n);
      });
    },

    "an increment of an expired key starts at 0, for good": async (kv, { shortTtlMs }) => {
      await kv.set("k", "41", { ttlMs: shortTtlMs });
      await untilExpired(kv, ["k"]);
      assert.equal((await kv.increment("k", 1n)).value, 1n);
      assert.equal((await kv.getTtl("k"))?.remainingMs, undefined);
    },
  }),

  ...casesOf("ttl", ["ttl", "transaction"], {
    "transactions set and clear times to live, and do not see what expired": async (kv, { shortTtlMs }) => {
      await kv.set("cleared", "v", { ttlMs: shortTtlMs });
      await kv.transact(
        [],
        [
          { set: "cleared", value: "w" },
          { set: "short", value: "v", ttlMs: shortTtlMs },
        ],
      );
      await untilExpired(kv, ["short"]);
      await passed(kv, shortTtlMs);
      assert.equal(await kv.text("cleared"), "w");
      const results = await kv.transact([{ key: "short", exists: false }], [{ delete: "short" }]);
      assert.equal(results[0]?.existed, false);
    },
  }),
];

/** Writes a key (or does `write`) with a time to live and asserts that it is gone neither early nor late. */
async function assertLives(
  kv: KeyValueClient,
  key: string,
  ttlMs: number,
  write: () => Promise<unknown> = () => kv.set(key, "v", { ttlMs }),
): Promise<void> {
  const sentAtMs = performance.now();
  await write();
  const answeredAtMs = performance.now();
  const seenAtMs = await eventually(
    `${key} expires`,
    async () => ((await kv.exists(key)) ? undefined : performance.now()),
    ttlMs + latenessMsMax,
  );
  assert.ok(seenAtMs - sentAtMs >= ttlMs - earlinessMsMax, `gone after ${seenAtMs - sentAtMs} of ${ttlMs} ms`);
  assert.ok(seenAtMs - answeredAtMs <= ttlMs + latenessMsMax, `there after ${seenAtMs - answeredAtMs} of ${ttlMs} ms`);
}

/** Waits until a time to live that starts now has passed here: another key has come and gone with it. */
async function passed(kv: KeyValueClient, ttlMs: number): Promise<void> {
  const control = `control ${performance.now()}`;
  await kv.set(control, "v", { ttlMs });
  const startedAtMs = performance.now();
  await eventually(
    "the control key expires",
    async () => performance.now() - startedAtMs >= ttlMs && !(await kv.exists(control)),
  );
}

function assertAbout(actualMs: number | undefined, expectedMs: number): void {
  assert.ok(
    actualMs !== undefined && Math.abs(actualMs - expectedMs) <= 5_000,
    `${actualMs} ms is not about ${expectedMs} ms`,
  );
}
