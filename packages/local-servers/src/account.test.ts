import { chmod, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { accountWithoutPrivileges, isReachable } from "./account.js";

test("a folder is reachable for a user who may pass all folders above it", async () => {
  const top = await mkdtemp(join(tmpdir(), "prism-account-"));
  try {
    const folder = join(top, "a", "b");
    await mkdir(folder, { recursive: true });
    const nobody = { name: "nobody", uid: 65_534, gid: 65_534 };
    const me = { name: "me", uid: process.getuid!(), gid: process.getgid!() };
    await chmod(top, 0o700);
    expect([await isReachable(folder, nobody), await isReachable(folder, me)]).toEqual([false, true]);
    await chmod(top, 0o711);
    expect(await isReachable(folder, nobody)).toBe(true);
    await chmod(join(top, "a"), 0o710);
    expect([await isReachable(folder, nobody), await isReachable(folder, { ...nobody, gid: me.gid })]).toEqual([
      false,
      true,
    ]);
  } finally {
    await rm(top, { recursive: true });
  }
});

test("only root hands a server to somebody else, who is not root", async () => {
  const account = await accountWithoutPrivileges();
  expect(account === undefined).toBe(process.getuid!() !== 0);
  expect(account?.uid).not.toBe(0);
});
