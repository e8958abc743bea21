import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";

import { socketPathBytesMax } from "@prism-data/pattern-sdk/protocol";

/** Where the folder goes when the system's folder for temporary files makes the path too long. */
const shortTmpDir = "/tmp";

const dirPrefix = "prism-plugin-";
const socketName = "plugin.sock";
/** A start must not be held up by a folder full of leftovers; the rest goes at the next ones. */
const sweptDirsMax = 100;
/** What `mkdtemp` appends. */
const randomBytes = 6;

/** A folder of its own, mode 0700, for the socket of one plugin process. */
export interface SocketDir {
  /** Where the plugin is to bind its socket. Absolute. */
  readonly socket: string;
  /** Removes the folder with what is left in it. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes the folder below `tmpDir`, or below `/tmp` when that path would be too long for a socket. */
export async function openSocketDir(tmpDir: string): Promise<SocketDir> {
  const parent = [tmpDir, shortTmpDir].find((candidate) => socketPathBytes(candidate) <= socketPathBytesMax);
  if (parent === undefined) throw new Error(`${tmpDir} and ${shortTmpDir} are both too long for a socket's path`);
  let dir: string;
  try {
    dir = await mkdtemp(path.join(parent, dirPrefix));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "failed";
    const because = parent === tmpDir ? "" : ` (${tmpDir} makes the path longer than ${socketPathBytesMax} bytes)`;
    throw new Error(`cannot make a folder for the plugin's socket in ${parent}${because}: ${code}; set TMPDIR`, {
      cause: error,
    });
  }
  return {
    socket: path.join(dir, socketName),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/**
 * Removes what proxies left behind that were killed: folders whose socket nobody listens on. Connecting is the only test that
 * cannot take a folder away from a living plugin of another proxy, in another container or not.
 */
export async function sweepSocketDirs(tmpDir: string): Promise<void> {
  const names = await readdir(tmpDir).catch(() => []);
  const dirs = names.filter((name) => name.startsWith(dirPrefix)).slice(0, sweptDirsMax);
  await Promise.all(dirs.map((name) => sweep(path.join(tmpDir, name))));
}

async function sweep(dir: string): Promise<void> {
  if (!(await isAbandoned(path.join(dir, socketName)))) return;
  await rm(dir, { recursive: true, force: true }).catch(() => undefined);
}

/** Whether a socket exists that nobody listens on. */
function isAbandoned(socket: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(socket);
  probe.once("connect", () => resolve(false));
  probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code === "ECONNREFUSED"));
  return promise.finally(() => probe.destroy());
}

function socketPathBytes(tmpDir: string): number {
  return Buffer.byteLength(path.join(tmpDir, dirPrefix)) + randomBytes + 1 + socketName.length;
}
