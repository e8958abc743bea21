import { expect, test } from "vitest";
import { readDeclaration } from "../config/declaration.js";
import { createLog } from "../telemetry/log.js";
import { StorageWatch } from "./storage-watch.js";

const log = createLog({ level: "silent", destination: { write: () => undefined } });

function namespace(name: string, backend: string, limits: { readonly [limit: string]: string | number }) {
  const { namespace: read, problems } = readDeclaration(name, { pattern: "key-value", backend, limits });
  expect(problems).toEqual([]);
  return read!;
}

function watched(...wanted: ReturnType<typeof namespace>[]) {
  const asked: string[] = [];
  const counted: Record<string, number>[] = [];
  const holds = new Map<string, number | Error>();
  const namespaces = new Map(wanted.map((each) => [each.name, each]));
  const backends = {
    config: { namespaces },
    async storageBytes(backend: string, names: readonly string[]) {
      asked.push(`${backend}: ${names}`);
      const held = names.map((name) => [name, holds.get(name)] as const);
      const failure = held.find(([, bytes]) => bytes instanceof Error);
      if (failure !== undefined) throw failure[1];
      return new Map(held.filter((each): each is readonly [string, number] => each[1] !== undefined));
    },
  };
  const watch = new StorageWatch(backends, { onCounted: (bytes) => counted.push(Object.fromEntries(bytes)), log });
  return { watch, namespaces, holds, asked, counted };
}

test("only namespaces with a limit on it are counted, those of one backend at once", async () => {
  const limits = { storage_size: "1MiB" };
  const { watch, holds, asked, counted } = watched(
    namespace("a", "one", limits),
    namespace("free", "one", { calls_in_flight: 1 }),
    namespace("b", "two", limits),
    namespace("c", "one", limits),
  );
  holds.set("a", 1).set("b", 2).set("c", 3);
  await watch.count();
  expect(asked).toEqual(["one: a,c", "two: b"]);
  expect(counted).toEqual([{ a: 1, b: 2, c: 3 }]);
});

test("what cannot be counted now holds what it did, and what has no limit any more holds nothing", async () => {
  const limits = { storage_size: "1MiB" };
  const { watch, namespaces, holds, counted } = watched(namespace("a", "one", limits), namespace("b", "two", limits));
  holds.set("a", 1).set("b", 2);
  await watch.count();
  holds.set("a", new Error("away")).delete("b");
  await watch.count();
  namespaces.clear();
  await watch.count();
  await watch.count();
  expect(counted).toEqual([{ a: 1, b: 2 }, { a: 1, b: 2 }, {}]);
});

test("nothing is counted once it is closed", async () => {
  const { watch, holds, counted } = watched(namespace("a", "one", { storage_size: "1MiB" }));
  holds.set("a", 1);
  const counting = watch.count();
  watch[Symbol.dispose]();
  await counting;
  expect(counted).toEqual([]);
});
