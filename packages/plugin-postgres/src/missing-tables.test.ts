import { queueOptions } from "@prism-data/pattern-sdk";
import { expect, onTestFinished, test } from "vitest";
import { openBackend } from "./testing/open-backend.js";
import { callWith, runAsAdmin, sharedUrl, temporarySchema } from "./testing/own-connection.js";

async function opened() {
  const schema = temporarySchema();
  const { backend, ...own } = await openBackend({ url: sharedUrl(), schema });
  onTestFinished(() => own[Symbol.asyncDispose]());
  const binding = (namespace: string) => ({ namespace, capabilities: new Set<string>(), options: undefined });
  const queued = (namespace: string) => ({ ...binding(namespace), options: queueOptions.parse({}) });
  return { schema, backend, binding, queued };
}

test("a schema that was removed by hand is told by plans, and made again by the next bind; no namespace gets the data of another", async () => {
  const { schema, backend, binding, queued } = await opened();
  const { keyValue, queue } = backend;
  const { pattern: first } = await keyValue.bind(binding("first"));
  const { pattern: second } = await keyValue.bind(binding("second"));
  await queue.bind(queued("first"));
  await runAsAdmin(`DROP SCHEMA ${schema} CASCADE`);
  const all = `make the schema ${schema} with all tables, which somebody removed`;
  const made = "an empty namespace in PostgreSQL";
  for (const _ of [1, 2])
    expect(await keyValue.plan!(binding("second"))).toEqual([`would ${all}`, `would make ${made}`]);
  expect((await queue.plan!(queued("first")))[0]).toBe(`would ${all}`);

  const again = await keyValue.bind(binding("second"));
  expect(again.changes).toEqual([`made${all.slice("make".length)}`, `made ${made}`]);
  await again.pattern.set({ key: "k", value: Buffer.from("of the second") }, callWith());
  expect(await keyValue.plan!(binding("second"))).toEqual([]);
  expect(await keyValue.plan!(binding("first"))).toEqual([`would make ${made}`]);

  // What was bound before goes on, at the latest with the second call.
  const write = () => first.set({ key: "k", value: Buffer.from("of the first") }, callWith());
  await write().catch(write);
  const storedIn = async (store: typeof first) => Buffer.from((await store.get("k"))!.value).toString();
  expect([await storedIn(first), await storedIn(again.pattern)]).toEqual(["of the first", "of the second"]);
  await second.get("k");
  expect(await storedIn(again.pattern)).toBe("of the second");
});

test("tables that were removed by hand while others are left are named, with what to do", async () => {
  const { schema, backend, binding } = await opened();
  await backend.keyValue.bind(binding("n"));
  await runAsAdmin(`DROP TABLE ${schema}.namespace, ${schema}.kv_token CASCADE`);
  const told = new RegExp(
    `removed tables of the schema ${schema}: namespace, kv_token\\. Restore.*DROP SCHEMA ${schema}`,
  );
  for (const ask of [backend.keyValue.plan!, backend.keyValue.bind]) {
    const asked = Promise.resolve(ask(binding("n")));
    await expect(asked).rejects.toMatchObject({ reason: "BACKEND_FAILED", message: expect.stringMatching(told) });
  }
});
