const decoder = new TextDecoder("utf-8", { fatal: true });

// Control characters, the line and paragraph separators, and the backslash itself.
const special = /[\p{Cc}\u2028\u2029\\]/gu;
const named: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/**
 * Bytes as one line of text that can be read back: UTF-8 as it is, with `\\`, `\n`, `\r`, `\t` and `\u{…}` for what would
 * break the line or the terminal. Bytes that are no UTF-8 are shown whole as `\x…` each.
 */
export function printableBytes(bytes: Uint8Array): string {
  try {
    return printableText(decoder.decode(bytes));
  } catch {
    // Not UTF-8.
    return Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
  }
}

/** The same for text. */
export function printableText(text: string): string {
  return text.replace(special, (character) => named[character] ?? `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
