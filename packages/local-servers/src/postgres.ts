import { chown, mkdir, readdir, realpath, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { accountWithoutPrivileges } from "./account.js";
import { exchange } from "./exchange.js";
import { isExecutable, isThere } from "./file-access.js";
import { findProgram, printedVersion } from "./find-program.js";
import { LocalServerError } from "./local-server-error.js";
import { runTool } from "./run-tool.js";
import type { Environment, ServerKind } from "./server-kind.js";

/** Where Debian puts the versions beside each other. */
const debianFolder = "/usr/lib/postgresql";

/** It takes a second or two, more on a slow disk. */
const initTimeoutMs = 120_000;

/** As many as a test run, a proxy with its plugins and a person need at once; the default of 100 is tight. */
const connectionsMax = 200;

/** PostgreSQL, from Debian's folders or the PATH, with all its durability. The user `postgres` may do everything, without a password. */
export const postgres: ServerKind = {
  name: "postgres",
  standardPorts: [5432],
  stopSignal: "SIGINT",
  // Killed, it would leave its shared memory behind.
  discardSignal: "SIGQUIT",

  async find(environment) {
    for (const folder of [...(await debianFolders()), await folderOnPath(environment)]) {
      if (folder === undefined) continue;
      const programs = await Promise.all(["postgres", "initdb"].map((name) => isExecutable(join(folder, name))));
      if (programs.every(Boolean)) return folder;
    }
    throw new LocalServerError(
      "There is no PostgreSQL. Install Debian's package postgresql, or run `make backends` in a checkout of Prism.",
    );
  },

  version: (program) => printedVersion(join(program, "postgres"), /PostgreSQL\) (\S+)/),

  account: accountWithoutPrivileges,

  async prepare(site) {
    const data = join(site.folder, "data");
    if (await isThere(join(data, "PG_VERSION"))) return;
    // Whole or not at all: what was interrupted is made anew.
    const unfinished = join(site.folder, "data.new");
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { mode: 0o700 });
    const { account } = site;
    if (account !== undefined) await chown(unfinished, account.uid, account.gid);
    const settings = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"];
    await runTool(join(site.program, "initdb"), ["-D", unfinished, ...settings], {
      cwd: site.folder,
      env: { PATH: site.environment.PATH },
      timeout: initTimeoutMs,
      ...(account !== undefined && { uid: account.uid, gid: account.gid }),
    });
    await rename(unfinished, data);
  },

  async command({ program, folder, ports: [port] }) {
    const settings = {
      listen_addresses: "127.0.0.1",
      port,
      unix_socket_directories: "",
      max_connections: connectionsMax,
    };
    // In its own folder, so that a killed server leaves none behind.
    const all = Object.entries({ ...settings, dynamic_shared_memory_type: "mmap" });
    return {
      file: join(program, "postgres"),
      arguments: ["-D", join(folder, "data"), ...all.flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    };
  },

  async isReady({ ports: [port] }) {
    const answer = await exchange(
      port,
      selectOne(),
      (bytes) => /SELECT 1\0|S(FATAL|ERROR)\0/.exec(bytes.toString("latin1"))?.[0],
    );
    return answer === "SELECT 1\0";
  },

  url: (port) => `postgres://postgres@127.0.0.1:${port}/postgres`,
};

async function debianFolders(): Promise<string[]> {
  const versions = await readdir(debianFolder).catch(() => []);
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(debianFolder, version, "bin"));
}

/** Links such as /usr/local/bin/postgres are followed to where its other programs are. */
async function folderOnPath(environment: Environment): Promise<string | undefined> {
  const program = await findProgram("postgres", environment);
  return program === undefined ? undefined : dirname(await realpath(program));
}

/** The protocol's start of a session, and `SELECT 1`. Source: PostgreSQL's manual, "Message Formats". */
function selectOne(): Buffer {
  const session = message("", "\0\x03\0\0user\0postgres\0database\0postgres\0\0");
  return Buffer.concat([session, message("Q", "SELECT 1\0"), message("X", "")]);
}

function message(type: string, body: string): Buffer {
  const lengthBytes = 4;
  const bytes = Buffer.alloc(type.length + lengthBytes + body.length);
  bytes.write(type, "latin1");
  bytes.writeUInt32BE(lengthBytes + body.length, type.length);
  bytes.write(body, type.length + lengthBytes, "latin1");
  return bytes;
}
