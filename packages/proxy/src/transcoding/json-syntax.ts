/** Where a text stops being JSON, counted from 1. */
export interface JsonSyntaxError {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

type Expectation =
  | "a value"
  | "a value or ]"
  | 'a name in quotes or "}"'
  | "a name in quotes"
  | ":"
  | ", or }"
  | ", or ]"
  | "the end";

const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const space = /[ \t\n\r]*/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Finds the first place where a text is not JSON. `JSON.parse` decides that it is not, but says where for some mistakes only.
 * Called for refused texts, so it may take its time; it reads each character once and nests without recursion.
 */
export function findJsonSyntaxError(text: string): JsonSyntaxError | undefined {
  const open: ("{" | "[")[] = [];
  let expected: Expectation = "a value";
  let at = 0;
  for (;;) {
    at = skip(space, text, at) ?? at;
    const character = text[at];
    if (character === undefined) return expected === "the end" ? undefined : errorAt(text, at, expected);
    const closes = character === "}" || character === "]";
    if (closes && mayClose(expected, character)) {
      open.pop();
      at += 1;
    } else if (isValueStart(expected) && (character === "{" || character === "[")) {
      open.push(character);
      expected = character === "{" ? 'a name in quotes or "}"' : "a value or ]";
      at += 1;
      continue;
    } else if (character === ":" && expected === ":") {
      expected = "a value";
      at += 1;
      continue;
    } else if (character === "," && (expected === ", or }" || expected === ", or ]")) {
      expected = expected === ", or }" ? "a name in quotes" : "a value";
      at += 1;
      continue;
    } else if (character === '"' && (isName(expected) || isValueStart(expected))) {
      const end = endOfString(text, at);
      if (!end.closed) return errorAt(text, end.at, 'a closing " or a valid character');
      at = end.at;
      if (isName(expected)) {
        expected = ":";
        continue;
      }
    } else {
      const end = isValueStart(expected) ? skip(literal, text, at) : undefined;
      if (end === undefined) return errorAt(text, at, expected);
      at = end;
    }
    const around = open.at(-1);
    expected = around === undefined ? "the end" : around === "{" ? ", or }" : ", or ]";
  }
}

function isName(expected: Expectation): boolean {
  return expected === "a name in quotes" || expected === 'a name in quotes or "}"';
}

function isValueStart(expected: Expectation): boolean {
  return expected === "a value" || expected === "a value or ]";
}

function mayClose(expected: Expectation, character: string): boolean {
  if (character === "}") return expected === ", or }" || expected === 'a name in quotes or "}"';
  return expected === ", or ]" || expected === "a value or ]";
}

function skip(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

function endOfString(text: string, start: number): { at: number; closed: boolean } {
  let at = start + 1;
  while (at < text.length) {
    const character = text[at]!;
    if (character === '"') return { at: at + 1, closed: true };
    if (character < " ") return { at, closed: false };
    const next = character === "\\" ? skip(escapeSequence, text, at) : at + 1;
    if (next === undefined) return { at, closed: false };
    at = next;
  }
  return { at, closed: false };
}

function errorAt(text: string, at: number, expected: string): JsonSyntaxError {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: at - lineStart + 1, expected };
}
