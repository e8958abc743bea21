import { isMap, isScalar, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Problem } from "./problem.js";

/** A YAML text, read but not checked. */
export interface YamlFile {
  readonly tree: unknown;
  /** What is wrong with the text itself: syntax, keys that stand twice. */
  readonly problems: readonly Problem[];
  /** Where the key, or the nearest key around it, stands in the text. */
  locate(path: readonly PropertyKey[]): { line: number; column: number };
}

/** A file that was emptied by accident, or is being written, must not end everything that runs. */
const emptyFile = "the file holds no configuration; to serve nothing on purpose, write `namespaces: {}`";

/** Reads a YAML text. */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = document.errors.map((error) => ({
    path: "",
    message:
      error.code === "DUPLICATE_KEY" ? "this key stands twice in its map; remove one" : `not YAML: ${error.message}`,
    ...position(error.pos[0]),
  }));
  if (problems.length === 0 && document.toJS() === null)
    problems.push({ path: "", message: emptyFile, ...position(0) });
  return {
    tree: problems.length === 0 ? document.toJS() : {},
    problems,
    locate: (path) => position(offsetOf(document.contents, path)),
  };
}

function offsetOf(root: Node | null, path: readonly PropertyKey[]): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) return offset;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(key)] as Node | undefined;
      if (item === undefined) return offset;
      offset = item.range?.[0] ?? offset;
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}
