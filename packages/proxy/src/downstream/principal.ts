import type { X509Certificate } from "node:crypto";
import type { ClientCertificates } from "../config/tls.js";

/** The longest SPIFFE ID (SPIFFE-ID section 2.3). A longer name of any kind would not fit the headers of a call. */
const principalBytesMax = 2_048;

/** SPIFFE-ID section 2: a trust domain, then path segments, none of them empty or made of dots. */
const spiffeId = /^spiffe:\/\/[a-z0-9._-]{1,255}(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*$/;

/** The names in a certificate, of whose signature nothing is known here. */
export type CertificateNames = Pick<X509Certificate, "subject" | "subjectAltName">;

/**
 * The one name that a certificate stands for: `spiffe://…`, else `dns:NAME`, else `uri:URI`, else `subject:CN=…`. The kind is a part
 * of it, so that no CA that may sign one kind can make a name of another. `undefined`: it names nobody, or more than SPIFFE allows.
 */
export function principalOf(certificate: CertificateNames): string | undefined {
  const names = alternativeNames(certificate.subjectAltName ?? "");
  if (names === undefined) return undefined;
  const uris = names.filter(({ kind }) => kind === "URI").map(({ value }) => value);
  // X509-SVID section 2: exactly one URI. With several, each reader could pick another.
  if (uris.some((uri) => /^spiffe:/i.test(uri))) return uris.length === 1 ? bounded(validSpiffeId(uris[0])) : undefined;
  const dns = names.find(({ kind }) => kind === "DNS")?.value;
  if (dns !== undefined) return bounded(`dns:${dns}`);
  if (uris[0] !== undefined) return bounded(`uri:${uris[0]}`);
  const subject = distinguishedName(certificate.subject);
  return subject === "" ? undefined : bounded(`subject:${subject}`);
}

/** What a handshake showed of the client. */
export interface ShownCertificate {
  /** `undefined`: it showed none. */
  readonly certificate: CertificateNames | undefined;
  /** Whether the configured CAs vouch for it, at this time. */
  readonly isVerified: boolean;
}

export type Admission =
  | { readonly kind: "admitted"; readonly principal: string | undefined }
  | { readonly kind: "refused"; readonly reason: "client_certificate" | "no_client_certificate" };

/** Decides whether a client may connect, and as whom. A certificate that is not verified never makes a principal. */
export function admit(mode: ClientCertificates, { certificate, isVerified }: ShownCertificate): Admission {
  if (mode === "none") return { kind: "admitted", principal: undefined };
  if (certificate === undefined) {
    return mode === "require"
      ? { kind: "refused", reason: "no_client_certificate" }
      : { kind: "admitted", principal: undefined };
  }
  const principal = isVerified ? principalOf(certificate) : undefined;
  return principal === undefined ? { kind: "refused", reason: "client_certificate" } : { kind: "admitted", principal };
}

function validSpiffeId(uri: string | undefined): string | undefined {
  return uri !== undefined && spiffeId.test(uri) ? uri : undefined;
}

function bounded(name: string | undefined): string | undefined {
  return name !== undefined && Buffer.byteLength(name) <= principalBytesMax ? name.toWellFormed() : undefined;
}

interface AlternativeName {
  readonly kind: string;
  readonly value: string;
}

/** Node writes `DNS:a, URI:b`, and a value that could be taken for several as a JSON string. `undefined`: it is written otherwise. */
function alternativeNames(text: string): readonly AlternativeName[] | undefined {
  const names: AlternativeName[] = [];
  const entry = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const [, kind, value] = entry.exec(text) ?? [];
    if (kind === undefined || value === undefined) return undefined;
    names.push({ kind, value: value.startsWith('"') ? (JSON.parse(value) as string) : value });
  }
  return names;
}

/** Node writes one attribute a line, escaped, the most general first; RFC 4514 section 2.1 wants it the other way round. */
function distinguishedName(subject: string): string {
  return (subject ?? "").split("\n").filter(Boolean).reverse().join(",");
}
