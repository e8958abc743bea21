import { mkdir, open, rm } from "node:fs/promises";
import path from "node:path";
import { type Command, Option } from "commander";
import { CommandFailure } from "../command-failure.js";
import { ExitCode } from "../exit-code.js";
import type { CommandContext } from "../invocation.js";
import { jsonLine } from "../json-line.js";
import { parseWholeNumber } from "../whole-number.js";

interface Options {
  readonly out: string;
  readonly host: readonly string[];
  readonly spiffeId: string;
  readonly days: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Certificates for development need no renewal for a while, and must not live for ever. */
const defaultDays = 90;

/** `prism certs`: a CA of your own, and what it signed for a proxy and an app. */
export function addCerts(program: Command, context: CommandContext): void {
  program
    .command("certs")
    .description("make a CA and certificates to try TLS on this machine")
    .option("-o, --out <folder>", "where to write them", "certs")
    .option("--host <name...>", "more names or addresses of the server, besides localhost, 127.0.0.1 and ::1", [])
    .option("--spiffe-id <uri>", "who the client is", "spiffe://prism.local/dev")
    .addOption(new Option("--days <count>", "how long they are valid").argParser(parseWholeNumber).default(defaultDays))
    .option("--force", "overwrite what is there")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Writes ca.pem, server.pem, client.pem and a .key for each, readable by you only. For development: the CA's key lies beside
the rest, so whoever reads the folder can be anybody.

Examples:
  prism certs
  prism serve                            with this in prism.yaml:
      tls:
        cert_file: certs/server.pem
        key_file: certs/server.key
        client_ca_file: certs/ca.pem
        client_certificates: require
  prism kv get demo greeting --ca-file certs/ca.pem --cert-file certs/client.pem --key-file certs/client.key`,
    )
    .action((options: Options) => makeCerts(options, context));
}

async function makeCerts(options: Options, { workingDir, stdout }: CommandContext): Promise<void> {
  // Loaded here, so that the other commands need not wait for the library.
  const { makeDevCertificates } = await import("../dev-certificates.js");
  const made = await makeDevCertificates({
    hosts: options.host,
    spiffeId: options.spiffeId,
    days: options.days,
    nowMs: Date.now(),
  });
  const folder = path.resolve(workingDir, options.out);
  const files = Object.entries(made).flatMap(([name, { cert, key }]) => [
    { file: path.join(folder, `${name}.pem`), text: cert, mode: 0o644 },
    { file: path.join(folder, `${name}.key`), text: key, mode: 0o600 },
  ]);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeAll(files, options.force === true);
  const names = files.map(({ file }) => file);
  await stdout.write(options.json ? jsonLine({ files: names }) : names.map((name) => `${name}\n`).join(""));
}

interface NewFile {
  readonly file: string;
  readonly text: string;
  readonly mode: number;
}

/** All or nothing: a certificate of one CA beside the key of another would be of no use. */
async function writeAll(files: readonly NewFile[], overwrite: boolean): Promise<void> {
  if (overwrite) await Promise.all(files.map(({ file }) => rm(file, { force: true })));
  const written: string[] = [];
  try {
    for (const { file, text, mode } of files) {
      // Never through a link, nor into a file whose mode is another.
      await using handle = await open(file, "wx", mode);
      written.push(file);
      await handle.writeFile(text);
    }
  } catch (cause) {
    await Promise.all(written.map((file) => rm(file, { force: true })));
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") throw cause;
    const { path: file } = cause as NodeJS.ErrnoException;
    throw new CommandFailure(ExitCode.failed, `${file} is there already; --force overwrites it`, { cause });
  }
}
