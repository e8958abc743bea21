import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ControlState, openControlState, type Write } from "../index.js";
import { heard } from "../testing/heard.js";

describe("a control state in a file", () => {
  let folder: string;
  let file: string;
  const opened: ControlState[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "prism-control-"));
    file = join(folder, "data", "control.db");
  });

  afterEach(async () => {
    for (const state of opened.splice(0)) await state[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(at = file): Promise<ControlState> {
    const state = await openControlState(
      { kind: "sqlite", file: at },
      { log: { info() {}, warn() {} }, now: Date.now },
    );
    opened.push(state);
    return state;
  }

  const put = (name: string): Write => ({ kind: "put", name, entry: { pattern: "queue" }, etag: undefined });

  async function namesIn(state: ControlState): Promise<readonly string[]> {
    return (await state.read()).namespaces.map(({ name }) => name);
  }

  test("makes nothing before the first write, and then for its user only", async () => {
    const state = await open();
    await state.read();
    expect(existsSync(join(folder, "data"))).toBe(false);
    await state.write([put("a")]);
    const modes = [join(folder, "data"), file, `${file}-wal`].map((path) => statSync(path).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o600]);
  });

  test("is found when another process makes it later", async () => {
    const [reader, writer] = [await open(), await open()];
    const { revisions } = heard(reader);
    const { revision } = await writer.write([put("a")]);
    await expect.poll(() => revisions).toEqual([revision]);
    expect(await namesIn(reader)).toEqual(["a"]);
  });

  test("is not made anew when it is gone, and used again when it is back", async () => {
    const state = await open();
    await state.write([put("a")]);
    const { reachabilities, revisions } = heard(state);
    renameSync(join(folder, "data"), join(folder, "elsewhere"));
    await expect
      .poll(() => reachabilities)
      .toMatchObject([{ isReachable: false, why: expect.stringContaining("Put the file back") }]);
    await expect(state.write([put("b")])).rejects.toMatchObject({ reason: "unavailable" });
    await expect(state.read()).rejects.toMatchObject({ reason: "unavailable" });
    expect(existsSync(file)).toBe(false);
    renameSync(join(folder, "elsewhere"), join(folder, "data"));
    await expect.poll(() => reachabilities.at(-1)).toEqual({ isReachable: true });
    expect(await namesIn(state)).toEqual(["a"]);
    expect(revisions).toEqual([]);
  });

  test("waits while another process has it locked, without stopping this one", async () => {
    const state = await open();
    await state.write([put("a")]);
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    const written = state.write([put("b")]);
    let turns = 0;
    while (turns < 100) await new Promise((resolve) => setImmediate(resolve, turns++));
    expect(await Promise.race([written, "still waiting"])).toBe("still waiting");
    other.exec("COMMIT");
    await written;
    other.close();
    expect(await namesIn(state)).toEqual(["a", "b"]);
  });

  test("gives up waiting when whoever asked has", async () => {
    const state = await open();
    await state.write([put("a")]);
    const other = new Database(file);
    other.exec("BEGIN IMMEDIATE");
    const asking = new AbortController();
    const written = state.write([put("b")], { signal: asking.signal });
    asking.abort();
    await expect(written).rejects.toMatchObject({ reason: "aborted" });
    other.close();
    expect(await namesIn(state)).toEqual(["a"]);
  });

  test.each<[string, (file: string) => void, string]>([
    ["no database", (file) => writeFileSync(file, "not a database".repeat(100)), "no SQLite database"],
    [
      "another application's database",
      (file) => void new Database(file).exec("CREATE TABLE t (a)").close(),
      "another application",
    ],
    ["a folder", (file) => mkdirSync(file), "cannot be opened"],
  ])("does not use %s", async (_, make, why) => {
    mkdirSync(join(folder, "data"));
    make(file);
    const state = await open();
    expect(state.reachability).toMatchObject({ isReachable: false, why: expect.stringContaining(why) });
    await expect(state.read()).rejects.toMatchObject({ reason: "invalid" });
    await expect(state.write([put("a")])).rejects.toMatchObject({ reason: "invalid" });
  });

  test("is backed up beside its writers into a file that is a control state", async () => {
    const [state, other] = [await open(), await open()];
    await state.write([put("a")]);
    const backup = join(folder, "backup.db");
    const writes = Array.from({ length: 20 }, (_, index) => other.write([put(`b${index}`)]));
    await Promise.all([state.backup(backup), ...writes]);
    expect(await namesIn(await open(backup))).toContain("a");
    expect(statSync(backup).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder).filter((name) => name.includes("unfinished"))).toEqual([]);
  });

  test("gives no etag twice, not even after a backup was restored", async () => {
    const state = await open();
    await state.write([put("a")]);
    const backup = join(folder, "backup.db");
    await state.backup(backup);
    const lost = await state.write([put("b")]);
    await state[Symbol.asyncDispose]();
    renameSync(backup, file);
    const again = await (await open()).write([put("b")]);
    expect(again.revision).not.toBe(lost.revision);
  });

  test("does not back up over a file that exists", async () => {
    const state = await open();
    await state.write([put("a")]);
    await expect(state.backup(file)).rejects.toMatchObject({
      reason: "invalid",
      message: expect.stringContaining("new file"),
    });
    expect(await namesIn(state)).toEqual(["a"]);
  });
});
