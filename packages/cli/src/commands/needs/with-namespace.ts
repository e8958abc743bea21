import type { NamespaceEntry } from "@prism-data/planner";
import { withPlanned } from "@prism-data/planner/declaration";
import { type Document, isMap, isScalar, type Pair, parseDocument, stringify, type YAMLMap } from "yaml";

const key = "namespaces";

/** What is written of a namespace. */
export interface WrittenNamespace extends NamespaceEntry {
  /** The message that is kept, and where. Not given: as it is. */
  readonly schema?: { readonly message: string; readonly file: string };
}

/** The text of a configuration in which a namespace is so, with everything else in its place. */
export function withNamespace(text: string, name: string, entry: WrittenNamespace): string {
  const document = parseDocument(text);
  const namespaces = document.get(key);
  if (namespaces === undefined)
    return `${text === "" || text.endsWith("\n") ? text : `${text}\n`}${key}:\n  ${line(name, entry)}\n`;
  if (!isMap(namespaces) || namespaces.flow === true || namespaces.items.length === 0)
    return rewritten(document, name, withOthers(entry, isMap(namespaces) ? namespaces.get(name) : undefined));
  const pair = namespaces.items.find((item) => isScalar(item.key) && item.key.value === name);
  return pair === undefined
    ? added(text, namespaces, line(name, entry))
    : replaced(text, pair, flow(withOthers(entry, pair.value)));
}

function withOthers(entry: WrittenNamespace, before: unknown): WrittenNamespace {
  const all = isMap(before) ? (before.toJSON() as Readonly<Record<string, unknown>>) : {};
  const schema = entry.schema && { schema: { ...(all.schema as object | undefined), ...entry.schema } };
  return { ...withPlanned(all, entry), ...schema };
}

/** Where there is no line to put it beside. */
function rewritten(document: Document, name: string, entry: WrittenNamespace): string {
  document.setIn([key, name], document.createNode(entry, { flow: true }));
  return document.toString({ lineWidth: 0 });
}

/** As the last of them, indented like the first. */
function added(text: string, namespaces: YAMLMap, entry: string): string {
  const first = startOf(namespaces.items[0]!.key);
  const indent = first - (text.lastIndexOf("\n", first - 1) + 1);
  const last = endOf(namespaces.items.at(-1)!);
  const lineEnd = text.indexOf("\n", last - 1);
  const [before, after] = lineEnd < 0 ? [`${text}\n`, ""] : [text.slice(0, lineEnd + 1), text.slice(lineEnd + 1)];
  return `${before}${" ".repeat(indent)}${entry}\n${after}`;
}

function replaced(text: string, { value }: Pair, entry: string): string {
  return `${text.slice(0, startOf(value))}${entry}${text.slice(endOfNode(value))}`;
}

/** Behind the last character of a pair, comments not counted. */
function endOf({ key: name, value }: Pair): number {
  return value === null ? endOfNode(name) : endOfNode(value);
}

const rangeOf = (node: unknown) => (node as { range: readonly [number, number, number] }).range;
const startOf = (node: unknown) => rangeOf(node)[0];
const endOfNode = (node: unknown) => rangeOf(node)[1];

const line = (name: string, entry: WrittenNamespace) => `${stringify(name).trim()}: ${flow(entry)}`;

function flow(entry: WrittenNamespace): string {
  return stringify(entry, { collectionStyle: "flow", lineWidth: 0, flowCollectionPadding: true }).trim();
}
