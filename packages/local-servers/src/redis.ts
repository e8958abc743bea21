import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { exchange } from "./exchange.js";
import { findProgram, printedVersion } from "./find-program.js";
import { LocalServerError } from "./local-server-error.js";
import type { ServerKind } from "./server-kind.js";

/** Redis, from the PATH. Every write is on disk before it is acknowledged. */
export const redis: ServerKind = {
  name: "redis",
  standardPorts: [6379],
  stopSignal: "SIGTERM",
  discardSignal: "SIGKILL",

  async find(environment) {
    const program = await findProgram("redis-server", environment);
    if (program !== undefined) return program;
    throw new LocalServerError(
      "There is no redis-server on the PATH. Install Debian's package redis-server, or run `make backends` in a checkout of Prism.",
    );
  },

  version: (program) => printedVersion(program, /v=(\S+)/),

  async prepare({ folder }) {
    await mkdir(join(folder, "data"), { recursive: true });
  },

  async command({ program, folder, ports: [port] }) {
    const place = ["--bind", "127.0.0.1", "--port", String(port), "--dir", join(folder, "data")];
    const durable = ["--save", "", "--appendonly", "yes", "--appendfsync", "always"];
    // It would write over its command line, which it is recognised by.
    return { file: program, arguments: [...place, ...durable, "--set-proc-title", "no"] };
  },

  async isReady({ ports: [port] }) {
    const line = await exchange(port, "PING\r\n", (bytes) => (bytes.includes("\r\n") ? bytes.toString() : undefined));
    // One that asks for a password is ready too; one that still reads its data says LOADING.
    return line !== undefined && /^(\+PONG|-NOAUTH)/.test(line);
  },

  url: (port) => `redis://127.0.0.1:${port}`,
};
