import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { KeyValueClient } from "./key-value-client.ts";
import { runCommand } from "./prism-command.ts";
import { PrismProcess } from "./prism-process.ts";
import { prismProgram, repositoryRoot, toolchainFolder } from "./repository.ts";
import { createTemporaryFolder } from "./temporary-folder.ts";
import { Terminal } from "./terminal.ts";

// The ports of the design are taken on a busy machine; free ones do as well.
const freePorts = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
// A built checkout promises 5 s of a machine that does nothing else; here another test file runs at the same time.
const readyWithinMs = 10_000;

test("serve without a configuration serves memory and SQLite at once", async () => {
  const startMs = performance.now();
  await using prism = await PrismProcess.start({ arguments: freePorts });
  expect(performance.now() - startMs).toBeLessThan(readyWithinMs);
  for (const namespace of ["demo", "profile"]) {
    using client = new KeyValueClient(prism.listen, namespace);
    await client.set("k", "v");
    expect(await client.text("k")).toBe("v");
  }
  expect(existsSync(`${prism.folder}/.prism/data.db`)).toBe(true);
  expect(prism.stdout.trim().split("\n")).toEqual([
    JSON.stringify({ ready: true, listen: prism.listen, admin: prism.admin, pid: prism.pid }),
  ]);
  expect(prism.log.length).toBeGreaterThan(0);
});

test("at a terminal the banner says what listens and what to paste, and Ctrl-C ends it with 0", async () => {
  await using folder = await createTemporaryFolder();
  await using terminal = Terminal.run(prismProgram, ["serve", ...freePorts], { folder: folder.path });
  await terminal.shows("Ctrl-C");
  const { screen } = terminal;
  expect(screen).toMatch(/demo\s+key-value\s+memory\s+bound\s+profile\s+key-value\s+files\s+bound/);
  const lines = ["prism kv set", "curl", "grpcurl"].map((start) => {
    const line = screen.split("\n").find((candidate) => new RegExp(`^\\s+(\\S*/)?${start} `).test(candidate));
    return line?.trim() ?? `no line that starts with ${start}`;
  });
  const path = `${toolchainFolder}/bin:${process.env.PATH}`;
  for (const line of lines) {
    const { code, stderr } = await runCommand("sh", ["-c", line], { environment: { PATH: path } });
    expect({ line, code, stderr }).toMatchObject({ line, code: 0 });
  }
  expect(await terminal.interrupt()).toBe(0);
});

test("make run at a terminal serves, and Ctrl-C ends it with 0", async () => {
  await using data = await createTemporaryFolder();
  const address = "127.0.0.1:0";
  await using terminal = Terminal.run("make", ["run"], {
    folder: repositoryRoot,
    environment: { PRISM_LISTEN: address, PRISM_ADMIN_LISTEN: address, PRISM_DATA_DIR: data.path, MAKEFLAGS: "" },
  });
  await terminal.shows("Ctrl-C");
  expect(await terminal.interrupt()).toBe(0);
  expect(terminal.screen).toContain("gateway drained");
});
