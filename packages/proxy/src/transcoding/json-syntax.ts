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

type Bracket = "{" | "[";

const literal = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const space = /[ \t\n\r]*/y;
const escapeSequence = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Finds the first place where a text is not JSON. `JSON.parse` decides that it is not, but says where for some mistakes only.
 * Called for refused texts, so it may take its time; it reads each character once and nests without recursion.
 */
export function findJsonSyntaxError(text: string): JsonSyntaxError | undefined {
  const open: Bracket[] = [];
  let expected: Expectation = "a value";
  let at = 0;
  for (;;) {
    at = skip(space, text, at) ?? at;
    const character = text[at];
    if (character === undefined) return expected === "the end" ? undefined : errorAt(text, at, expected);
    const afterMark = takeMark(character, expected, open);
    if (afterMark !== undefined) {
      expected = afterMark;
      at += 1;
      continue;
    }
    const { at: end, wanted } = endOfScalar(text, at, expected);
    if (wanted !== undefined) return errorAt(text, end, wanted);
    at = end;
    expected = isName(expected) ? ":" : afterValue(open);
  }
}

function isName(expected: Expectation): boolean {
  return expected === "a name in quotes" || expected === 'a name in quotes or "}"';
}

function isValueStart(expected: Expectation): boolean {
  return expected === "a value" || expected === "a value or ]";
}

function afterValue(open: readonly Bracket[]): Expectation {
  const around = open.at(-1);
  return around === undefined ? "the end" : around === "{" ? ", or }" : ", or ]";
}

/** What is expected after a mark that may stand here, with what it opens or closes; `undefined`: no such mark. */
function takeMark(character: string, expected: Expectation, open: Bracket[]): Expectation | undefined {
  if ((character === "{" || character === "[") && isValueStart(expected)) {
    open.push(character);
    return character === "{" ? 'a name in quotes or "}"' : "a value or ]";
  }
  if ((character === "}" || character === "]") && mayClose(expected, character)) {
    open.pop();
    return afterValue(open);
  }
  if (character === ":" && expected === ":") return "a value";
  if (character === "," && expected === ", or }") return "a name in quotes";
  return character === "," && expected === ", or ]" ? "a value" : undefined;
}

function mayClose(expected: Expectation, character: string): boolean {
  if (character === "}") return expected === ", or }" || expected === 'a name in quotes or "}"';
  return expected === ", or ]" || expected === "a value or ]";
}

function skip(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}

/** Where a string, a number or a word ends that may stand here, or what was wanted, and where. */
function endOfScalar(text: string, start: number, expected: Expectation): { at: number; wanted?: string } {
  if (text[start] === '"' && (isName(expected) || isValueStart(expected))) return endOfString(text, start);
  const end = isValueStart(expected) ? skip(literal, text, start) : undefined;
  return end === undefined ? { at: start, wanted: expected } : { at: end };
}

function endOfString(text: string, start: number): { at: number; wanted?: string } {
  let at = start + 1;
  while (at < text.length) {
    const character = text[at]!;
    if (character === '"') return { at: at + 1 };
    const next = character === "\\" ? skip(escapeSequence, text, at) : at + 1;
    if (character < " " || next === undefined) break;
    at = next;
  }
  return { at, wanted: 'a closing " or a valid character' };
}

function errorAt(text: string, at: number, expected: string): JsonSyntaxError {
  const before = text.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: at - lineStart + 1, expected };
}
