import type { Header } from "@prism-data/pattern-sdk";

type WrittenHeader = readonly [name: string, base64: string];

/** The headers of a message as a column holds them. */
export function writtenHeaders(headers: readonly Header[]): string {
  const written = headers.map(({ name, value }): WrittenHeader => [name, Buffer.from(value).toString("base64")]);
  return JSON.stringify(written);
}

/** The headers that a column holds. */
export function readHeaders(written: string): Header[] {
  const headers: readonly WrittenHeader[] = JSON.parse(written);
  return headers.map(([name, base64]) => ({ name, value: Buffer.from(base64, "base64") }));
}
