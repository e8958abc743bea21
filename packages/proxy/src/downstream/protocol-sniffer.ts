/** What a connection speaks, told by its first bytes. */
export type SniffedProtocol = "http2" | "http1" | "unknown-yet";

/** The beginning of HTTP/2's connection preface (RFC 9113 section 3.4). No HTTP/1 method starts like it; the engine checks the rest. */
const prefaceStart = Buffer.from("PRI * HTTP/2.0");

/** Tells HTTP/2 with prior knowledge from HTTP/1 by as few bytes as it takes. */
export function sniffProtocol(firstBytes: Buffer): SniffedProtocol {
  const compared = Math.min(firstBytes.length, prefaceStart.length);
  if (firstBytes.compare(prefaceStart, 0, compared, 0, compared) !== 0) return "http1";
  return compared === prefaceStart.length ? "http2" : "unknown-yet";
}
