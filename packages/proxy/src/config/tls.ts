import { X509Certificate } from "node:crypto";
import * as z from "zod";

/** Whether apps show a certificate of their own. */
const clientCertificateModes = ["none", "request", "require"] as const;
export type ClientCertificates = (typeof clientCertificateModes)[number];

/** How the data port is encrypted. */
export interface TlsConfig {
  /** Absolute, like the other two. */
  readonly certFile: string;
  readonly keyFile: string;
  readonly clientCaFile: string | undefined;
  readonly clientCertificates: ClientCertificates;
  readonly minVersion: "TLSv1.2" | "TLSv1.3";
}

/** The schema of `tls`. That the files fit each other is checked by `readTlsFiles`. */
export const tlsSchema = z
  .strictObject({
    cert_file: z
      .string()
      .min(1)
      .describe("The proxy's certificate, then its issuers, as PEM. Relative to the file's folder, like the others."),
    key_file: z.string().min(1).describe("The private key of `cert_file`, as PEM, without a passphrase."),
    client_ca_file: z
      .string()
      .min(1)
      .optional()
      .describe("The certificates that may sign those of apps, as PEM. Only these: none of the system's."),
    client_certificates: z
      .enum(clientCertificateModes)
      .prefault("none")
      .describe(
        "Whether apps show a certificate: `none` asks for none, `request` takes apps without one, `require` refuses them. One that `client_ca_file` does not vouch for is always refused.",
      ),
    min_version: z.enum(["TLSv1.2", "TLSv1.3"]).prefault("TLSv1.2").describe("The oldest TLS that apps may speak."),
  })
  .optional()
  .describe(
    "Encrypts the data port. The files are watched: a new certificate serves new connections, and ends no open one.",
  );

/** The certificates of a PEM file, in its order. Throws when there is none, or one that cannot be read. */
export function certificatesOf(pem: string): readonly [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  const [first, ...others] = blocks.map((block) => new X509Certificate(block));
  if (first === undefined) throw new Error("there is no certificate");
  return [first, ...others];
}
