import { randomUUID } from "node:crypto";
import type { Change } from "@prism-data/pattern-sdk";
import { describe, expect, test } from "vitest";
import { keyValues } from "./key-value-binder.js";
import { bindAll, openBackend } from "./testing/open-backend.js";
import {
  callWith,
  eventually,
  openConnection,
  runAsAdmin,
  sharedUrl,
  temporarySchema,
} from "./testing/own-connection.js";

const call = callWith();
const value = Buffer.from("v");

describe("a key whose time to live has passed", () => {
  test("is gone from the table, also when nobody reads it and no process has its namespace bound", async () => {
    const schema = temporarySchema();
    const settings = { url: sharedUrl(), schema };
    {
      await using opened = await openBackend(settings);
      const { keyValue } = await bindAll(opened);
      await keyValue.set({ key: "k", value, ttlMs: 300, token: { timeMicros: 1n, nonce: value } }, call);
    }
    await using _ = await openBackend(settings);
    await eventually(async () => (await runAsAdmin(`SELECT FROM ${schema}.kv_entry`)).length === 0);
    expect(await runAsAdmin(`SELECT FROM ${schema}.kv_token`)).toHaveLength(1);
    await runAsAdmin(`UPDATE ${schema}.kv_token SET kept_until_ms = 0`);
    await eventually(async () => (await runAsAdmin(`SELECT FROM ${schema}.kv_token`)).length === 0);
  });
});

describe("a watch", () => {
  test("sees what other processes write, in order, and nothing is logged once nobody watches", async () => {
    const schema = temporarySchema();
    const settings = { url: sharedUrl(), schema };
    await using watching = await openBackend(settings);
    await using writing = await openBackend(settings);
    const name = randomUUID();
    const [reader, writer] = [await bindAll(watching, name), await bindAll(writing, name)];
    const changes: Change[] = [];
    const ending = new AbortController();
    const started = Promise.withResolvers<void>();
    const sink = { started: started.resolve, change: (change: Change) => changes.push(change) };
    const watch = reader.keyValue.watch("", sink, callWith(ending.signal));
    await started.promise;
    const numbers = Array.from({ length: 300 }, (_, index) => String(index));
    await Promise.all(numbers.map((text) => writer.keyValue.set({ key: "k", value: Buffer.from(text) }, call)));
    await eventually(() => changes.length === numbers.length);
    expect(changes.map((change) => (change.kind === "set" ? Buffer.from(change.value).toString() : ""))).toEqual(
      numbers,
    );
    ending.abort();
    await watch;
    await eventually(async () => {
      await writer.keyValue.set({ key: "unseen", value }, call);
      const rows = await runAsAdmin(`SELECT FROM ${schema}.kv_change UNION ALL SELECT FROM ${schema}.kv_lease`);
      return rows.length === 0;
    });
  });
});

describe("names that look alike", () => {
  test("are namespaces of their own", async () => {
    const connection = await openConnection({ schema: temporarySchema() });
    const names = ["a", "A", "a:b", "a%", "a%25", "cafe\u0301", "caf\u00e9", "a\0", " a"];
    const bound = await Promise.all(
      names.map(async (namespace) => {
        const binding = { namespace, capabilities: new Set<string>(), options: undefined };
        return (await keyValues(connection).binder.bind(binding)).pattern;
      }),
    );
    await Promise.all(bound.map((keyValue, index) => keyValue.set({ key: "k", value: Buffer.from([index]) }, call)));
    const values = await Promise.all(bound.map(async (keyValue) => (await keyValue.get("k"))?.value[0]));
    expect(values).toEqual(names.map((_, index) => index));
  });
});

describe("data that is deleted", () => {
  test("leaves no row, and whoever binds the name again finds nothing", async () => {
    const schema = temporarySchema();
    await using opened = await openBackend({ url: sharedUrl(), schema });
    const { keyValue, pubSub, queue, stream } = await bindAll(opened, "n");
    const message = { id: "m", key: "k", headers: [], contentType: "", payload: value };
    await keyValue.set({ key: "k", value, token: { timeMicros: 1n, nonce: value } }, call);
    await queue.send([{ message, delayMs: 0, deduplicationId: "d" }], call);
    await stream.append([message], call);
    const outlet = { room: () => new Promise<never>(() => {}), send() {}, failed() {} };
    const request = { topic: "t", delivery: "at-least-once", group: "g" } as const;
    const bounds = { outstandingMessagesMax: 1, outstandingBytesMax: 1, acknowledgeTimeoutMs: 30_000 };
    await pubSub.subscribe({ ...request, ...bounds }, outlet);
    await pubSub.publish("t", [message], call);
    const { backend } = opened;
    for (const binder of [backend.keyValue, backend.pubSub, backend.queue, backend.relational, backend.stream]) {
      expect(await binder.deleteData("n")).toHaveLength(1);
      expect(await binder.deleteData("n")).toEqual([]);
    }
    const tables = await runAsAdmin(
      `SELECT tablename FROM pg_tables WHERE schemaname = '${schema}' AND tablename NOT IN ('version', 'relational_secret')`,
    );
    for (const { tablename } of tables)
      expect([tablename, await runAsAdmin(`SELECT FROM ${schema}.${tablename}`)]).toEqual([tablename, []]);
    const again = await bindAll(opened, "n");
    expect(await again.keyValue.count("")).toBe(0);
  });
});
