import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LocalServerError } from "./local-server-error.js";
import type { Account } from "./server-kind.js";

/** The users that root may hand a server to which refuses root, the first that exists. */
const unprivileged = ["postgres", "nobody"];

/** Whom to run a server as that refuses to run as root. `undefined`: as whoever runs this process, who is not root. */
export async function accountWithoutPrivileges(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
  for (const name of unprivileged) {
    const line = lines.find(([user]) => user === name);
    if (line !== undefined) return { name, uid: Number(line[2]), gid: Number(line[3]) };
  }
  throw new LocalServerError(
    `It does not run as root, and there is no user ${unprivileged.join(" or ")} to run it as.`,
  );
}

/** Whether the user can get as far as the folder; what is in it is another matter. */
export async function isReachable(folder: string, { uid, gid }: Account): Promise<boolean> {
  for (let step = resolve(folder); step !== dirname(step); step = dirname(step)) {
    const { mode, uid: owner, gid: group } = await stat(step);
    const passBit = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
    if ((mode & passBit) === 0) return false;
  }
  return true;
}
