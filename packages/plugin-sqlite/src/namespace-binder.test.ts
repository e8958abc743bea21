import { rm } from "node:fs/promises";
import { type QueueOptions, queueOptions } from "@prism-data/pattern-sdk";
import { expect, test } from "vitest";
import { queueBinder } from "./queue-binder.js";
import { streamBinder } from "./stream-binder.js";
import { openStore } from "./testing/temporary-store.js";

const needs = { namespace: "n", capabilities: new Set<string>() };

test("a queue that the file keeps with other options is told by a plan, which changes nothing, and changed by a bind", async () => {
  const { store, path } = await openStore();
  const binder = queueBinder(store);
  const bindingOf = (options: Partial<QueueOptions>) => ({
    ...needs,
    options: { ...queueOptions.parse({}), ...options },
  });
  const first = bindingOf({ retentionMs: 60_000 });
  expect(await binder.plan!(first)).toEqual([`would make an empty queue in ${path}`]);
  expect((await binder.bind(first)).changes).toEqual([`made an empty queue in ${path}`]);
  expect(await binder.plan!(first)).toEqual([]);

  store.file.db.exec("UPDATE queue SET retention_ms = 5");
  const told = `the queue in ${path}: retention_period 5 -> 60000`;
  for (const _ of [1, 2]) expect(await binder.plan!(first)).toEqual([`would change ${told}`]);
  expect((await binder.bind(first)).changes).toEqual([`changed ${told}`]);
  expect(await binder.plan!(first)).toEqual([]);
});

test("a file that was removed by hand is told by a plan, with what to do", async () => {
  const { store, path } = await openStore();
  const binder = queueBinder(store);
  const binding = { ...needs, options: queueOptions.parse({}) };
  await binder.bind(binding);
  await rm(path);
  expect(() => binder.plan!(binding)).toThrow(/was removed or replaced.*Put the file back.*restart the backend/);
});

test("a log's options are compared with those of the file, and another number of partitions is refused", async () => {
  const { store, path } = await openStore();
  const binder = streamBinder(store);
  const bindingOf = (partitions: number, more: { retentionMs?: number }) => ({
    ...{ ...needs, options: { partitions, compaction: false, ...more } },
  });
  await binder.bind(bindingOf(2, { retentionMs: 1_000 }));
  expect(await binder.plan!(bindingOf(2, { retentionMs: 1_000 }))).toEqual([]);
  const differences = [`would change the log in ${path}: retention_period 1000 -> none`];
  expect(await binder.plan!(bindingOf(2, {}))).toEqual(differences);
  expect(() => binder.plan!(bindingOf(3, {}))).toThrow(/was made with 2/);
});
