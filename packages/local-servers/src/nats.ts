import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { exchange } from "./exchange.js";
import { findProgram, printedVersion, programFolder } from "./find-program.js";
import { LocalServerError } from "./local-server-error.js";
import type { ServerKind, ServerSite } from "./server-kind.js";

/** Older servers take the expiry of a message and ignore it without a word. */
const oldestMinor = 11;

/** NATS with JetStream, from PRISM_PROGRAMS_DIR or the PATH. JetStream acknowledges what is on disk. */
export const nats: ServerKind = {
  name: "nats",
  standardPorts: [4222],
  stopSignal: "SIGTERM",
  discardSignal: "SIGKILL",

  async find(environment) {
    const folder = programFolder("nats/bin", environment);
    const program = await findProgram("nats-server", environment, folder === undefined ? [] : [folder]);
    const advice = "Run `make backends` in a checkout of Prism, or put a newer nats-server on the PATH.";
    if (program === undefined) throw new LocalServerError(`There is no nats-server. ${advice}`);
    const version = await nats.version(program);
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major > 2 || (major === 2 && minor >= oldestMinor)) return program;
    throw new LocalServerError(
      `${program} is NATS ${version}; 2.${oldestMinor} is the oldest that can be used. ${advice}`,
    );
  },

  version: (program) => printedVersion(program, /v(\d\S*)/),

  async prepare(site) {
    await writeFile(
      settingsFile(site),
      `jetstream { store_dir: ${JSON.stringify(join(site.folder, "data"))}, sync_interval: always }\n`,
    );
  },

  async command(site) {
    const place = ["--addr", "127.0.0.1", "--port", String(site.ports[0])];
    return { file: site.program, arguments: ["--config", settingsFile(site), ...place] };
  },

  async isReady({ ports: [port] }) {
    const request = 'CONNECT {"verbose":false}\r\nSUB ready 1\r\nPUB $JS.API.INFO ready 0\r\n\r\n';
    const answer = await exchange(
      port,
      request,
      (text) => /^(MSG ready .*|-ERR .*)\r\n(.*\r\n)?/m.exec(text.toString())?.[0],
    );
    if (answer === undefined) return false;
    // One that asks for a password is ready too; JetStream came before its port.
    return answer.startsWith("-ERR 'Authorization") || (answer.startsWith("MSG") && !answer.includes('"error"'));
  },

  url: (port) => `nats://127.0.0.1:${port}`,
};

function settingsFile({ folder }: ServerSite): string {
  return join(folder, "nats.conf");
}
