import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import type { Problem } from "./problem.js";
import { readEntries } from "./yaml-entries.js";

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
  const tree = readEntries(text);
  if (tree === undefined) return readWhole(text);
  let whole: YamlFile | undefined;
  const locate = (path: readonly PropertyKey[]) => {
    whole ??= readWhole(text);
    return whole.locate(path);
  };
  return { tree, problems: [], locate };
}

function readWhole(text: string): YamlFile {
  const lines = new LineCounter();
  // The parser compares each key of a map with all before it: seconds for ten thousand namespaces.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems = [
    ...document.errors.map(({ message, pos }) => ({ message: `not YAML: ${message}`, offset: pos[0] })),
    ...repeatedKeys(document).map((offset) => ({ message: "this key stands twice in its map; remove one", offset })),
  ].map(({ message, offset }) => ({ path: "", message, ...position(offset) }));
  const tree = problems.length === 0 ? document.toJS() : {};
  if (tree === null) problems.push({ path: "", message: emptyFile, ...position(0) });
  const pairs = new PairIndex();
  return { tree: tree ?? {}, problems, locate: (path) => position(offsetOf(document.contents, path, pairs)) };
}

/** Where keys stand that their map has already. */
function repeatedKeys(document: Document): readonly number[] {
  const offsets: number[] = [];
  visit(document, {
    Map(_, { items }) {
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (known.has(key.value)) offsets.push(key.range?.[0] ?? 0);
        known.add(key.value);
      }
    },
  });
  return offsets;
}

/** The pairs of maps by the text of their keys. Made for a map when one of its keys is asked for. */
class PairIndex {
  readonly #byMap = new Map<YAMLMap, ReadonlyMap<string, Pair>>();

  find(map: YAMLMap, key: string): Pair | undefined {
    const known = this.#byMap.get(map);
    if (known !== undefined) return known.get(key);
    const scalars = map.items.flatMap((pair) => (isScalar(pair.key) ? [[String(pair.key.value), pair] as const] : []));
    const made = new Map(scalars);
    this.#byMap.set(map, made);
    return made.get(key);
  }
}

function offsetOf(root: Node | null, path: readonly PropertyKey[], pairs: PairIndex): number {
  let node: unknown = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of path) {
    if (isMap(node)) {
      const pair = pairs.find(node, String(key));
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
