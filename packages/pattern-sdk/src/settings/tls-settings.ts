import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import * as z from "zod";
import { GatewayError } from "../errors.js";
import { textSetting } from "./setting-values.js";

/** The schema of `tls` among the settings of a backend: how to trust a server and to be trusted by it. */
export const tlsSettings = z
  .strictObject({
    ca_file: textSetting
      .optional()
      .describe(
        "The certificates to trust, as PEM. Default: those of Node.js. A relative path starts at the folder of prism.yaml.",
      ),
    cert_file: textSetting.optional().describe("The plugin's own certificate, as PEM. With key_file; default: none."),
    key_file: textSetting.optional().describe("The private key of cert_file, as PEM. With cert_file; default: none."),
    server_name: textSetting
      .optional()
      .describe("The name that the server's certificate must carry. Default: the host of url."),
  })
  .superRefine(({ cert_file, key_file }, check) => {
    if ((cert_file === undefined) === (key_file === undefined)) return;
    check.addIssue({ code: "custom", path: ["cert_file"], message: "cert_file and key_file need each other." });
  });

/** What an operator wrote under `tls`. */
export type TlsSettings = z.output<typeof tlsSettings>;

/** What `node:tls` takes. */
export interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/**
 * Reads the files that the settings name, so that one that cannot work is told now and not at the first connection. `system`: the data
 * system's name, for people. Throws `INVALID_SETTINGS`.
 */
export function readTlsFiles(
  tls: TlsSettings,
  { workingDir, system }: { readonly workingDir: string; readonly system: string },
): TlsFiles {
  const read = (field: "ca_file" | "cert_file" | "key_file", as: keyof TlsFiles): TlsFiles => {
    const file = tls[field];
    if (file === undefined) return {};
    const path = resolve(workingDir, file);
    try {
      return { [as]: readFileSync(path) };
    } catch (error) {
      throw invalidTlsFile(system, { field, path, cause: error });
    }
  };
  const files = { ...read("ca_file", "ca"), ...read("cert_file", "cert"), ...read("key_file", "key") };
  try {
    createSecureContext(files);
  } catch (error) {
    throw invalidTlsFile(system, { field: "ca_file", path: "one of the files", cause: error });
  }
  return files;
}

interface FileFailure {
  readonly field: string;
  readonly path: string;
  readonly cause: unknown;
}

function invalidTlsFile(system: string, { field, path, cause }: FileFailure): GatewayError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const description = `${path} cannot be used: ${why}. Name a PEM file that this user may read.`;
  return new GatewayError("INVALID_SETTINGS", `The TLS settings of ${system} are wrong. tls.${field}: ${description}`, {
    fieldViolations: [{ field: `tls.${field}`, description }],
    cause,
  });
}
