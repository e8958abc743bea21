import type { HeaderList } from "./header-list.js";

/** Metadata of a call: names in lower case; those that end in "-bin" carry bytes, the others printable ASCII text. */
export type Metadata = readonly (readonly [name: string, value: string | Uint8Array])[];

const reserved = /^(:|grpc-|content-type$|te$|connection$|transfer-encoding$|keep-alive$|upgrade$|proxy-connection$)/;
const validName = /^[0-9a-z_.-]+$/;
const validText = /^[\x20-\x7e]*$/;

/** Padding is left out, as the protocol asks (PROTOCOL-HTTP2.md, "Binary-Header"). */
function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64").replace(/=+$/, "");
}

/**
 * Appends metadata to a header list.
 * @throws TypeError for a name that is reserved or malformed, or a value of the wrong kind
 */
export function appendMetadata(headers: string[], metadata: Metadata): void {
  for (const [name, value] of metadata) {
    if (!validName.test(name) || reserved.test(name))
      throw new TypeError(`metadata name ${JSON.stringify(name)} is not allowed`);
    if (name.endsWith("-bin")) {
      headers.push(name, typeof value === "string" ? value : base64(value));
    } else if (typeof value === "string" && validText.test(value)) {
      headers.push(name, value.trim());
    } else {
      throw new TypeError(`the value of metadata ${name} is not printable ASCII text`);
    }
  }
}

/** The metadata in a header or trailer list: what the protocol itself uses is left out, "-bin" values are decoded. */
export function metadataOf(headers: HeaderList): Metadata {
  const metadata: [string, string | Uint8Array][] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (reserved.test(name)) continue;
    const value = headers[i + 1]!;
    if (!name.endsWith("-bin")) metadata.push([name, value]);
    // RFC 9110 section 5.3: repeated values may have been joined by commas.
    else for (const part of value.split(",")) metadata.push([name, Buffer.from(part.trim(), "base64")]);
  }
  return metadata;
}
