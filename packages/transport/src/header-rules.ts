import { type HeaderList, headerValue } from "./header-list.js";

const colon = 0x3a;
const requestPseudo = [":method", ":scheme", ":path", ":authority"];
const responsePseudo = [":status"];
const noPseudo: readonly string[] = [];

/** RFC 9113 section 8.3: pseudo-headers are known, each there once, before all other fields. */
function pseudoFault(headers: HeaderList, known: readonly string[]): string | undefined {
  let seen = 0;
  let regular = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    if (name.charCodeAt(0) !== colon) {
      regular = true;
      continue;
    }
    if (regular) return `${name} after other fields`;
    const position = known.indexOf(name);
    if (position < 0) return `unexpected pseudo-header ${name}`;
    if ((seen & (1 << position)) !== 0) return `repeated ${name}`;
    seen |= 1 << position;
  }
  return undefined;
}

/** RFC 9113 section 8.1.1: the declared body length; NaN when it is declared twice differently or not a number. */
export function contentLength(headers: HeaderList): number | undefined {
  const text = headerValue(headers, "content-length");
  if (text === undefined) return undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === "content-length" && headers[i + 1] !== text) return Number.NaN;
  }
  return /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
}

/** RFC 9113 section 8.3.1: why the request is malformed, or undefined. */
export function requestFault(headers: HeaderList): string | undefined {
  const fault = pseudoFault(headers, requestPseudo);
  if (fault !== undefined) return fault;
  const method = headerValue(headers, ":method");
  const path = headerValue(headers, ":path");
  const scheme = headerValue(headers, ":scheme");
  if (!method) return "missing :method";
  if (Number.isNaN(contentLength(headers))) return "invalid content-length";
  if (method === "CONNECT") {
    const hasOthers = path !== undefined || scheme !== undefined;
    return hasOthers || !headerValue(headers, ":authority") ? "malformed CONNECT" : undefined;
  }
  if (!scheme) return "missing :scheme";
  if (!path) return "missing :path";
  if (!path.startsWith("/") && !(path === "*" && method === "OPTIONS")) return "invalid :path";
  return undefined;
}

/** RFC 9113 section 8.3.2. */
export function responseFault(headers: HeaderList): string | undefined {
  const fault = pseudoFault(headers, responsePseudo);
  if (fault !== undefined) return fault;
  const status = headerValue(headers, ":status");
  if (status === undefined || !/^[1-5]\d\d$/.test(status) || status === "101") return "invalid :status";
  if (Number.isNaN(contentLength(headers))) return "invalid content-length";
  return undefined;
}

/** RFC 9113 section 8.1: trailers have no pseudo-headers. */
export function trailersFault(headers: HeaderList): string | undefined {
  return pseudoFault(headers, noPseudo);
}
