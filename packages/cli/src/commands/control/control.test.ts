import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type NamespaceEntry, openControlState } from "@prism-data/proxy";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ExitCode } from "../../exit-code.js";
import { run as runPrism } from "../../testing/run.js";

const entry: NamespaceEntry = { pattern: "key-value", backend: "memory" };

describe("prism control", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "prism-control-"));
    await writeFile(join(folder, "prism.yaml"), "data_dir: ./data\n");
  });

  afterEach(() => rm(folder, { recursive: true }));

  const run = (...given: readonly string[]) => runPrism(["control", ...given], { workingDir: folder });

  /** The state as a proxy has it open. */
  function openAsProxy() {
    const file = join(folder, "data", "control.db");
    return openControlState({ kind: "sqlite", file }, { log: { info() {}, warn() {} }, now: () => 0 });
  }

  async function declareTwo() {
    const state = await openAsProxy();
    const put = (name: string) => ({ kind: "put", name, entry, etag: undefined }) as const;
    const { namespaces } = await state.write([put("orders"), put("old")]);
    const { etag } = namespaces[1]!;
    await state.write([{ kind: "delete", name: "old", etag, purgeTimeMs: 86_400_000, deletesData: true }]);
    return state;
  }

  test("shows that there is nothing, and makes nothing", async () => {
    const shown = await run("show");
    expect(shown).toMatchObject({ code: ExitCode.done, stderr: "" });
    expect(shown.stdout).toBe(`${join(folder, "data", "control.db")}: nothing is declared over the admin API\n`);
    expect(await run("backup", "copy.db")).toMatchObject({
      code: ExitCode.failed,
      stderr: expect.stringContaining("nothing to back up"),
    });
    expect(await readdir(folder)).toEqual(["prism.yaml"]);
  });

  test("shows what is declared and what is deleted, beside a running proxy", async () => {
    await using _state = await declareTwo();
    const { stdout } = await run("show");
    expect(stdout.split("\n").slice(1, 4)).toEqual([
      "NAMESPACE  PATTERN    BACKEND  CHANGED                   STATE",
      "old        key-value  memory   1970-01-01T00:00:00.000Z  deleted; can be restored until 1970-01-02T00:00:00.000Z, then its data goes too",
      "orders     key-value  memory   1970-01-01T00:00:00.000Z  declared",
    ]);
    expect(JSON.parse((await run("show", "--json")).stdout)).toMatchObject({
      namespaces: [
        { name: "old", purge_time: "1970-01-02T00:00:00.000Z", deletes_data: true },
        { name: "orders", entry, create_time: "1970-01-01T00:00:00.000Z" },
      ],
    });
  });

  test("backs up beside a running proxy, and a proxy that gets the copy has everything", async () => {
    await using state = await declareTwo();
    const copy = join(folder, "elsewhere", "control.db");
    expect(await run("backup", "missing/copy.db")).toMatchObject({ code: ExitCode.failed });
    expect(await run("backup", "copy.db", "--json")).toMatchObject({ code: ExitCode.done });
    expect(await run("backup", "copy.db")).toMatchObject({
      code: ExitCode.failed,
      stderr: expect.stringContaining("new file"),
    });
    await cp(join(folder, "copy.db"), copy);
    const { namespaces } = JSON.parse((await run("show", "--json", "--data-dir", "elsewhere")).stdout);
    expect(namespaces.map(({ etag }: { etag: string }) => etag)).toEqual(
      (await state.read()).namespaces.map(({ etag }) => etag),
    );
  });

  test("says what is wrong with the configuration", async () => {
    await writeFile(join(folder, "prism.yaml"), "control_state: { postgres: { url: x } }\n");
    expect(await run("show")).toMatchObject({
      code: ExitCode.usage,
      stderr: expect.stringContaining("control_state.postgres.url: must be a URL"),
    });
  });
});
