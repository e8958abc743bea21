import { type HeaderList, headerValue } from "./header-list.js";

/** RFC 9113 section 8.2.1: a name is lower-case and has no separators, controls or colon. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** RFC 9113 section 8.2.1: no NUL, CR or LF, and no space or tab at either end. */
const badValue = /[\0\r\n]|^[ \t]|[ \t]$/;
/** RFC 9113 section 8.2.2. */
const connectionSpecific: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "transfer-encoding",
  "upgrade",
]);
const requestPseudo: ReadonlySet<string> = new Set([":method", ":scheme", ":path", ":authority"]);
const responsePseudo: ReadonlySet<string> = new Set([":status"]);
const noPseudo: ReadonlySet<string> = new Set();

function fieldFault(name: string, value: string): string | undefined {
  if (!fieldName.test(name)) return "invalid field name";
  if (badValue.test(value)) return `invalid value of ${name}`;
  if (connectionSpecific.has(name)) return `connection-specific field ${name}`;
  if (name === "te" && value !== "trailers") return "te other than trailers";
  return undefined;
}

/** RFC 9113 section 8.3: known, each once, before all other fields. */
function sectionFault(headers: HeaderList, pseudo: ReadonlySet<string>): string | undefined {
  const seen = new Set<string>();
  let regular = false;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!;
    const value = headers[i + 1]!;
    if (name.startsWith(":")) {
      if (regular) return `${name} after other fields`;
      if (!pseudo.has(name)) return `unexpected pseudo-header ${name}`;
      if (seen.has(name)) return `repeated ${name}`;
      if (badValue.test(value)) return `invalid value of ${name}`;
      seen.add(name);
    } else {
      regular = true;
      const fault = fieldFault(name, value);
      if (fault !== undefined) return fault;
    }
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

/** RFC 9113 sections 8.2 and 8.3.1: why the request is malformed, or undefined. */
export function requestFault(headers: HeaderList): string | undefined {
  const fault = sectionFault(headers, requestPseudo);
  if (fault !== undefined) return fault;
  const method = headerValue(headers, ":method");
  const path = headerValue(headers, ":path");
  const scheme = headerValue(headers, ":scheme");
  if (!method) return "missing :method";
  if (Number.isNaN(contentLength(headers))) return "invalid content-length";
  if (method === "CONNECT") {
    return path !== undefined || scheme !== undefined || !headerValue(headers, ":authority")
      ? "malformed CONNECT"
      : undefined;
  }
  if (!scheme) return "missing :scheme";
  if (!path) return "missing :path";
  if (!path.startsWith("/") && !(path === "*" && method === "OPTIONS")) return "invalid :path";
  return undefined;
}

/** RFC 9113 sections 8.2 and 8.3.2. */
export function responseFault(headers: HeaderList): string | undefined {
  const fault = sectionFault(headers, responsePseudo);
  if (fault !== undefined) return fault;
  const status = headerValue(headers, ":status");
  if (status === undefined || !/^[1-5]\d\d$/.test(status) || status === "101") return "invalid :status";
  if (Number.isNaN(contentLength(headers))) return "invalid content-length";
  return undefined;
}

/** RFC 9113 sections 8.1 and 8.2: trailers have no pseudo-headers. */
export function trailersFault(headers: HeaderList): string | undefined {
  return sectionFault(headers, noPseudo);
}
