import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { bytes, call, namespaceOf, openStore, reasonOf, temporaryFolder, textOf } from "./testing/temporary-store.js";

function replaceByFile(path: string): void {
  renameSync(path, `${path}.old`);
  writeFileSync(path, "");
}

describe("opening", () => {
  test("makes the folders and the file for this user only", async () => {
    const path = join(temporaryFolder(), "a", "b", "data.db");
    await openStore({ path });
    const modes = [dirname(dirname(path)), dirname(path), path, `${path}-wal`].map(
      (name) => statSync(name).mode & 0o777,
    );
    expect(modes.map((mode) => mode.toString(8))).toEqual(["700", "700", "600", "600"]);
  });

  test("syncs every commit to disk", async () => {
    const { store } = await openStore();
    expect(store.file.db.pragma("synchronous", { simple: true })).toBe(2);
    expect(store.file.db.pragma("journal_mode", { simple: true })).toBe("wal");
  });

  test.each<[string, (path: string) => void, string]>([
    ["a folder", (path) => mkdirSync(path), "INVALID_SETTINGS"],
    ["a file below a file", (path) => replaceByFile(dirname(path)), "INVALID_SETTINGS"],
    [
      "some other file",
      (path) => writeFileSync(path, "not a database, but long enough to be read as one".repeat(100)),
      "BACKEND_FAILED",
    ],
    [
      "the database of another application",
      (path) => new Database(path).exec("CREATE TABLE theirs (id)").close(),
      "INVALID_SETTINGS",
    ],
  ])("%s is refused", async (_, prepare, reason) => {
    const path = join(temporaryFolder(), "folder", "data.db");
    mkdirSync(dirname(path));
    prepare(path);
    expect(await reasonOf(() => openStore({ path }))).toBe(reason);
  });

  test("a file of a newer version is refused and stays as it is", async () => {
    const { path, store } = await openStore();
    store.file.db.pragma("user_version = 99");
    expect(await reasonOf(() => openStore({ path }))).toBe("INVALID_SETTINGS");
    expect(store.file.db.pragma("user_version", { simple: true })).toBe(99);
  });

  test("waits while another process keeps the file locked, but not for ever", async () => {
    const path = join(temporaryFolder(), "data.db");
    const other = new Database(path);
    other.exec("BEGIN EXCLUSIVE");
    expect(await reasonOf(() => openStore({ path, busyTimeoutMs: 60 }))).toBe("BACKEND_UNAVAILABLE");
    const opening = openStore({ path });
    setImmediate(() => other.close());
    expect((await opening).health).toEqual([{ reachable: true }]);
  });

  test("two processes may open a new file at once", async () => {
    const path = join(temporaryFolder(), "data.db");
    const [one, two] = await Promise.all([openStore({ path }), openStore({ path })]);
    await one.keyValue.set({ key: "k", value: bytes("v") }, call);
    expect(await textOf(two.keyValue, "k")).toBe("v");
  });
});

describe("a file that is removed or replaced while it is open", () => {
  test.each<[string, (path: string) => void]>([
    ["its folder is deleted", (path) => rmSync(dirname(path), { recursive: true })],
    ["it is deleted", (path) => rmSync(path)],
    ["its log is deleted", (path) => rmSync(`${path}-wal`)],
    ["another takes its place", (path) => replaceByFile(path)],
  ])("%s: writes and reads fail with a clear error instead of being lost", async (_, remove) => {
    const { keyValue, path, health } = await openStore({ path: join(temporaryFolder(), "folder", "data.db") });
    await keyValue.set({ key: "k", value: bytes("v") }, call);
    remove(path);
    await expect(keyValue.set({ key: "k", value: bytes("lost") }, call)).rejects.toMatchObject({
      reason: "BACKEND_UNAVAILABLE",
      message: expect.stringContaining("removed or replaced"),
    });
    expect(await reasonOf(() => keyValue.get("k"))).toBe("BACKEND_UNAVAILABLE");
    expect(health.at(-1)).toMatchObject({ reachable: false });
  });

  test("is noticed although nobody writes, and serves again when it is back", async () => {
    const { keyValue, path, health } = await openStore();
    await keyValue.set({ key: "k", value: bytes("v") }, call);
    renameSync(path, `${path}.away`);
    await expect.poll(() => health.at(-1)).toMatchObject({ reachable: false });
    renameSync(`${path}.away`, path);
    await expect.poll(() => health.at(-1)).toEqual({ reachable: true });
    expect(await textOf(keyValue, "k")).toBe("v");
  });
});

test("data is there again after closing and opening", async () => {
  const path = join(temporaryFolder(), "data.db");
  const first = await openStore({ path });
  const { etag } = await first.keyValue.set({ key: "k", value: bytes("v"), ttlMs: 60_000 }, call);
  first.store.close();
  const second = await openStore({ path });
  expect((await namespaceOf(second.store, "demo")).get("k")).toMatchObject({ etag, expiresAtMs: expect.any(Number) });
});
