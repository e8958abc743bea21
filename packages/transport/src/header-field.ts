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

/** A name and its value, with why they are not allowed as a pair, which is found out once for each. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
  readonly fault: string | undefined;
}

/** RFC 9113 sections 8.2.1 and 8.2.2: why the field may not be in any message, or undefined. */
export function fieldFault(name: string, value: string): string | undefined {
  if (badValue.test(value)) return `invalid value of ${name}`;
  if (name.charCodeAt(0) === 0x3a) return undefined;
  if (!fieldName.test(name)) return "invalid field name";
  if (connectionSpecific.has(name)) return `connection-specific field ${name}`;
  if (name === "te" && value !== "trailers") return "te other than trailers";
  return undefined;
}

export function headerField(name: string, value: string): HeaderField {
  return { name, value, fault: fieldFault(name, value) };
}
