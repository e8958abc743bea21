import { describe, expect, test } from "vitest";
import { keyValues } from "./key-value-binder.js";
import { callWith, failureOf, openConnection, runAsAdmin, temporarySchema } from "./testing/own-connection.js";

const call = callWith();
const value = Buffer.from("v");

async function opened() {
  const schema = temporarySchema();
  const connection = await openConnection({ schema });
  const binding = { namespace: "n", capabilities: new Set<string>(), options: undefined };
  const { pattern: keyValue, durability } = await keyValues(connection).binder.bind(binding);
  return { schema, connection, keyValue, durability };
}

const keys = (count: number) => Array.from({ length: count }, (_, index) => `key ${index}`);

describe("writes that wait at the same time", () => {
  test("share a transaction, and take effect in their order", async () => {
    const { schema, connection, keyValue } = await opened();
    const before = connection.counts.statements;
    const sets = keys(200).map((text) => keyValue.set({ key: "k", value: Buffer.from(text) }, call));
    await Promise.all(sets);
    expect(connection.counts.statements - before).toBe(1);
    expect((await keyValue.get("k"))?.value.toString()).toBe("key 199");
    const rows = await runAsAdmin(`SELECT count(DISTINCT xmin::text)::int AS transactions FROM ${schema}.kv_entry`);
    expect(rows).toEqual([{ transactions: 1 }]);
  });

  test("wait for a commit that is under way, and share the next", async () => {
    const { connection, keyValue } = await opened();
    const before = connection.counts.statements;
    const first = keyValue.set({ key: "first", value }, call);
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([first, ...keys(100).map((key) => keyValue.set({ key, value }, call))]);
    expect(connection.counts.statements - before).toBeLessThanOrEqual(3);
  });

  test("are cut into transactions of a bounded size", async () => {
    const { connection, keyValue } = await opened();
    const before = connection.counts.statements;
    await Promise.all(keys(1_100).map((key) => keyValue.set({ key, value }, call)));
    expect(connection.counts.statements - before).toBe(3);
  });

  test("do not fail with one that is refused by its condition", async () => {
    const { keyValue } = await opened();
    const condition = { kind: "absent" } as const;
    const [first, second] = [1, 2].map(() => keyValue.set({ key: "k", value, condition }, call));
    const other = keyValue.set({ key: "other", value }, call);
    expect((await failureOf(second!)).reason).toBe("KEY_EXISTS");
    await Promise.all([first, other]);
    expect(await keyValue.exists("other")).toBe(true);
  });

  test("do not fail with one for which the server gives the whole transaction up", async () => {
    const { schema, keyValue } = await opened();
    await runAsAdmin(`
      CREATE FUNCTION ${schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION 'no room' USING ERRCODE = '53100';
      END $$;
      CREATE TRIGGER refuse BEFORE INSERT ON ${schema}.kv_entry
        FOR EACH ROW WHEN (NEW.key = 'large') EXECUTE FUNCTION ${schema}.refuse()`);
    const [large, ...others] = ["large", "a", "b", "c"].map((key) => keyValue.set({ key, value }, call));
    expect((await failureOf(large!)).reason).toBe("CAPACITY_EXHAUSTED");
    await Promise.all(others);
    expect(await keyValue.count("")).toBe(3);
  });

  test("are not begun when their callers have stopped waiting", async () => {
    const { keyValue } = await opened();
    const late = keyValue.set({ key: "late", value }, callWith(undefined, Date.now() - 1));
    const good = keyValue.set({ key: "good", value }, callWith(undefined, Date.now() + 60_000));
    expect((await failureOf(late)).reason).toBe("DEADLINE_EXCEEDED");
    await good;
    expect(await keyValue.exists("late")).toBe(false);
  });

  test("are at least 5 times as many as when each waits for the one before, and as durable", async () => {
    const { keyValue, durability } = await opened();
    expect(await durability?.()).toEqual({ durability: "disk" });
    const atOnce = 64;
    const perSecond = async (writers: number, writes: number) => {
      const startedAtMs = performance.now();
      await Promise.all(
        keys(writers).map(async (key) => {
          for (let write = 0; write < writes / writers; write++) await keyValue.set({ key, value }, call);
        }),
      );
      return (writes * 1_000) / (performance.now() - startedAtMs);
    };
    const ratios: number[] = [];
    for (let round = 0; round < 5; round++)
      ratios.push((await perSecond(atOnce, 50 * atOnce)) / (await perSecond(1, 50)));
    expect(ratios.sort((a, b) => a - b)[2]).toBeGreaterThan(5);
  });
});
