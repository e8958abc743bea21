import { readFile } from "node:fs/promises";
import path from "node:path";
import type { ClientTls } from "@prism-data/transport";
import type { Command } from "commander";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";

/** The options that encrypt a connection, as they were given. */
export interface TlsOptions {
  readonly tls?: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export function addTlsOptions(command: Command): Command {
  return command
    .option("--tls", "connect over TLS; the files below imply it")
    .option("--ca-file <file>", "the certificates to trust, as PEM (default: those of Node.js)")
    .option("--cert-file <file>", "a certificate of your own, as PEM, for a proxy that asks for one")
    .option("--key-file <file>", "the private key of --cert-file, as PEM");
}

/** Reads what the options name. `undefined`: none asks for TLS. */
export async function readTls(options: TlsOptions, workingDir: string): Promise<ClientTls | undefined> {
  const { tls, caFile, certFile, keyFile } = options;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new CommandFailure(ExitCode.usage, "--cert-file and --key-file go together: give both, or neither");
  }
  if (tls !== true && caFile === undefined && certFile === undefined) return undefined;
  const read = async (flag: string, file: string | undefined) => {
    if (file === undefined) return undefined;
    try {
      return await readFile(path.resolve(workingDir, file), "utf8");
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? "failed";
      throw new CommandFailure(ExitCode.usage, `${flag}: cannot read ${file} (${code})`, { cause });
    }
  };
  return {
    ca: await read("--ca-file", caFile),
    cert: await read("--cert-file", certFile),
    key: await read("--key-file", keyFile),
  };
}
