import { createPrivateKey, type X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { certificatesOf, type TlsConfig } from "./tls.js";

/** What the files of `tls` hold, checked: a secure context can be made of it. */
export interface TlsMaterial {
  /** The certificate and its issuers, as PEM. */
  readonly cert: string;
  readonly key: string;
  readonly clientCa: string | undefined;
  /** When the first of the certificates that are shown to apps ends, epoch ms. */
  readonly certExpiresMs: number;
  /** When the first of those that apps are checked against ends, epoch ms. */
  readonly clientCaExpiresMs: number | undefined;
}

/** The options of `tls` that name a file. */
export type TlsFileOption = "cert_file" | "key_file" | "client_ca_file";

/** One thing that is wrong with a file. */
export interface TlsFileProblem {
  readonly option: TlsFileOption;
  readonly message: string;
}

/** A chain is a few KiB and a bundle of a large company a few hundred; what is larger is most likely the wrong file. */
const pemBytesMax = 4_194_304;

/** The files of a TLS configuration: what to watch. */
export function tlsFilesOf({ certFile, keyFile, clientCaFile }: TlsFiles): readonly string[] {
  return clientCaFile === undefined ? [certFile, keyFile] : [certFile, keyFile, clientCaFile];
}

type TlsFiles = Pick<TlsConfig, "certFile" | "keyFile" | "clientCaFile">;

/** Reads the files and checks that a server can use them at this time. */
export async function readTlsFiles(
  files: TlsFiles,
  nowMs: number,
): Promise<{ material: TlsMaterial } | { problems: readonly TlsFileProblem[] }> {
  const problems: TlsFileProblem[] = [];
  const read = async <T>(option: TlsFileOption, file: string, parse: (pem: string) => T) => {
    try {
      const pem = await readPem(file);
      return { pem, parsed: parse(pem) };
    } catch (error) {
      problems.push({ option, message: (error as Error).message });
      return undefined;
    }
  };
  const cert = await read("cert_file", files.certFile, (pem) => currentCertificates(pem, files.certFile, nowMs));
  const key = await read("key_file", files.keyFile, (pem) => privateKeyOf(pem, files.keyFile));
  const clientCa =
    files.clientCaFile === undefined
      ? undefined
      : await read("client_ca_file", files.clientCaFile, (pem) => authorities(pem, files.clientCaFile ?? ""));
  if (cert !== undefined && key !== undefined && !cert.parsed[0].checkPrivateKey(key.parsed)) {
    const message = `${files.keyFile} is not the key of the certificate in ${files.certFile}`;
    problems.push({ option: "key_file", message });
  }
  if (problems.length > 0 || cert === undefined || key === undefined) return { problems };
  return {
    material: {
      cert: cert.pem,
      key: key.pem,
      clientCa: clientCa?.pem,
      certExpiresMs: firstExpiryMs(cert.parsed),
      clientCaExpiresMs: clientCa && firstExpiryMs(clientCa.parsed),
    },
  };
}

async function readPem(file: string): Promise<string> {
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`cannot read ${file} (${error.code ?? "failed"})`, { cause: error });
  });
  if (content.length > pemBytesMax) throw new Error(`${file} is larger than 4 MiB`);
  return content.toString("latin1");
}

/** The certificate and its issuers, if the certificate is valid now. */
function currentCertificates(pem: string, file: string, nowMs: number) {
  const certificates = readable(pem, file);
  const [own] = certificates;
  if (own.validToDate.getTime() <= nowMs)
    throw new Error(`the certificate in ${file} expired on ${dayOf(own.validToDate)}`);
  if (own.validFromDate.getTime() > nowMs) {
    throw new Error(`the certificate in ${file} is not valid before ${dayOf(own.validFromDate)}`);
  }
  return certificates;
}

function authorities(pem: string, file: string) {
  const certificates = readable(pem, file);
  if (!certificates.every(({ ca }) => ca)) throw new Error(`${file} has a certificate that is no CA's`);
  return certificates;
}

function readable(pem: string, file: string) {
  try {
    return certificatesOf(pem);
  } catch (cause) {
    throw new Error(`${file} does not hold certificates as PEM`, { cause });
  }
}

function privateKeyOf(pem: string, file: string) {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new Error(`${file} does not hold a private key as PEM without a passphrase`, { cause });
  }
}

function firstExpiryMs(certificates: readonly X509Certificate[]): number {
  return Math.min(...certificates.map(({ validToDate }) => validToDate.getTime()));
}

function dayOf(date: Date): string {
  return date.toISOString();
}
