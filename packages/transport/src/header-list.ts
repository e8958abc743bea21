/**
 * A header or trailer section as one flat list: name, value, name, value …
 * Names are lower-case, "-bin" values are base64 text as on the wire, pseudo-headers come first.
 * Lists are compared by identity in caches, so they are never changed once made.
 */
export type HeaderList = readonly string[];

/** The first value of a field, or undefined. */
export function headerValue(headers: HeaderList, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === name) return headers[i + 1];
  }
  return undefined;
}
