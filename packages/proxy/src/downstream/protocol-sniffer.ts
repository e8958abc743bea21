import { METHODS } from "../node-http.js";

/** What a connection speaks, told by its first bytes. */
export type SniffedProtocol = "http2" | "http1" | "neither" | "unknown-yet";

/** The beginning of HTTP/2's connection preface (RFC 9113 section 3.4). No HTTP/1 method starts like it; the engine checks the rest. */
const prefaceStart = Buffer.from("PRI * HTTP/2.0");

/** RFC 9112 section 2.2: an empty line may come before the request line. */
const http1Starts = ["\r\n", ...METHODS.map((method) => `${method} `)].map((start) => Buffer.from(start));

/** Tells HTTP/2 with prior knowledge, HTTP/1 and anything else apart by as few bytes as it takes. */
export function sniffProtocol(firstBytes: Buffer): SniffedProtocol {
  if (agree(firstBytes, prefaceStart)) return firstBytes.length < prefaceStart.length ? "unknown-yet" : "http2";
  return http1Starts.some((start) => agree(firstBytes, start)) ? "http1" : "neither";
}

/** Whether the bytes are the same as far as both go. */
function agree(bytes: Buffer, start: Buffer): boolean {
  const compared = Math.min(bytes.length, start.length);
  return bytes.compare(start, 0, compared, 0, compared) === 0;
}
