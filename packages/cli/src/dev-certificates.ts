// The library's dependency injection wants this first.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its private key, as PEM. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** All that a proxy and its apps need to try TLS on one machine. */
export interface DevCertificates {
  readonly ca: PemPair;
  readonly server: PemPair;
  readonly client: PemPair;
}

export interface DevCertificatesOptions {
  /** Names and addresses that the server is reached by, besides those of the loopback. */
  readonly hosts: readonly string[];
  /** The client's SPIFFE ID. */
  readonly spiffeId: string;
  readonly days: number;
  readonly nowMs: number;
}

const dayMs = 86_400_000;

/** Clocks of machines that talk to each other differ. */
const backdatedMs = 300_000;

const loopbackHosts = ["localhost", "127.0.0.1", "::1"];
const keyAlgorithm = { name: "ECDSA", namedCurve: "P-256" };
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

/** Makes a CA, a certificate of the server and one of a client. The CA's key signs only these unless it is kept. */
export async function makeDevCertificates(options: DevCertificatesOptions): Promise<DevCertificates> {
  const validity = {
    notBefore: new Date(options.nowMs - backdatedMs),
    notAfter: new Date(options.nowMs + options.days * dayMs),
  };
  const ca = await makeAuthority(validity);
  const hosts = [...new Set([...loopbackHosts, ...options.hosts])];
  const server = await issue(ca, "localhost", validity, [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }))),
  ]);
  const client = await issue(ca, "prism-dev-client", validity, [
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth]),
    new SubjectAlternativeNameExtension([{ type: "url", value: options.spiffeId }]),
  ]);
  return { ca: await pemPairOf(ca.certificate, ca.keys), server, client };
}

interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

interface Authority {
  readonly certificate: X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

async function makeAuthority(validity: Validity): Promise<Authority> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=Prism development CA",
    ...validity,
    keys,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate, keys };
}

async function issue(
  ca: Authority,
  commonName: string,
  validity: Validity,
  extensions: readonly Extension[],
): Promise<PemPair> {
  const keys = await makeKeys();
  const certificate = await X509CertificateGenerator.create({
    subject: `CN=${commonName}`,
    issuer: ca.certificate.subject,
    ...validity,
    publicKey: keys.publicKey,
    signingKey: ca.keys.privateKey,
    signingAlgorithm,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      await AuthorityKeyIdentifierExtension.create(ca.keys.publicKey),
      ...extensions,
    ],
  });
  return await pemPairOf(certificate, keys);
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(keyAlgorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}

async function pemPairOf(certificate: X509Certificate, { privateKey }: webcrypto.CryptoKeyPair): Promise<PemPair> {
  const key = await webcrypto.subtle.exportKey("pkcs8", privateKey);
  return { cert: `${certificate.toString("pem")}\n`, key: `${PemConverter.encode(key, "PRIVATE KEY")}\n` };
}
