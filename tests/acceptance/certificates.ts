// The library's dependency injection wants this first.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

/** A certificate and its private key, as PEM. */
export interface PemPair {
  readonly cert: string;
  readonly key: string;
}

/** What is asked of a CA. Defaults: valid since an hour ago, for a day. */
export interface LeafRequest {
  /** Host names, addresses and URIs. */
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const hourMs = 3_600_000;
const signingAlgorithm = { name: "ECDSA", hash: "SHA-256" };

/** The time that many hours from now. */
export function inHours(hours: number): Date {
  return new Date(Date.now() + hours * hourMs);
}

/** A CA that signs whatever a test needs. */
export class TestAuthority {
  readonly #certificate: X509Certificate;
  readonly #keys: webcrypto.CryptoKeyPair;

  private constructor(certificate: X509Certificate, keys: webcrypto.CryptoKeyPair) {
    this.#certificate = certificate;
    this.#keys = keys;
  }

  static async make(name: string): Promise<TestAuthority> {
    const keys = await makeKeys();
    const extensions = [new BasicConstraintsExtension(true, undefined, true)];
    const validity = { notBefore: inHours(-1), notAfter: inHours(24) };
    const certificate = await X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      ...validity,
      keys,
      signingAlgorithm,
      extensions,
    });
    return new TestAuthority(certificate, keys);
  }

  get pem(): string {
    return this.#certificate.toString("pem");
  }

  async issue({ names, notBefore = inHours(-1), notAfter = inHours(24) }: LeafRequest): Promise<PemPair> {
    const keys = await makeKeys();
    const certificate = await X509CertificateGenerator.create({
      subject: "CN=leaf",
      issuer: this.#certificate.subject,
      notBefore,
      notAfter,
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm,
      extensions: [new SubjectAlternativeNameExtension(names.map((value) => ({ type: kindOf(value), value })))],
    });
    const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
    return { cert: certificate.toString("pem"), key };
  }
}

function kindOf(name: string): "url" | "ip" | "dns" {
  if (name.includes("://")) return "url";
  return isIP(name) === 0 ? "dns" : "ip";
}

async function makeKeys(): Promise<webcrypto.CryptoKeyPair> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  return (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
}
