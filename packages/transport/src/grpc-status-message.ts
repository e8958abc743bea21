const plain = /^[\x20-\x24\x26-\x7e]*$/;

/** PROTOCOL-HTTP2.md, "Status-Message": UTF-8 with everything but printable ASCII, and "%", percent-encoded. */
export function encodeStatusMessage(text: string): string {
  if (plain.test(text) && text.trim() === text) return text;
  let encoded = "";
  const bytes = Buffer.from(text);
  for (const [position, byte] of bytes.entries()) {
    // A space at either end is not a valid field value (RFC 9113 section 8.2.1).
    const edge = byte === 0x20 && (position === 0 || position === bytes.length - 1);
    const bare = byte >= 0x20 && byte <= 0x7e && byte !== 0x25 && !edge;
    encoded += bare ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}

/** What is not valid percent-encoding is kept as it is: a message must never be lost for its form. */
export function decodeStatusMessage(text: string): string {
  if (!text.includes("%")) return text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text.slice(i + 1, i + 3);
    if (text[i] === "%" && /^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(text.charCodeAt(i) & 0xff);
    }
  }
  return Buffer.from(bytes).toString();
}
