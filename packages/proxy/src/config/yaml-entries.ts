import { parseDocument } from "yaml";

/** The section that may have thousands of entries, alone on its line. */
const sectionPattern = /^namespaces:[ \t]*(?:#.*)?\n/m;

/** The section ends where something stands at the beginning of a line. */
const sectionEndPattern = /^[^\s#]/m;

/** Anchors, aliases, tags, documents and tabs may give a part of the text a meaning beyond itself: then it is read whole. */
const wholeOnlyPattern = /(?:^|[\s,[{:?-])[&*!]|[\t\r]|^(?:---|\.\.\.|%)/m;

/** Fewer entries are read whole as fast. */
const entriesMin = 200;

/** An entry whose name means itself: many differ in nothing else, and are read once. */
const plainEntryPattern = /^( +)([A-Za-z][A-Za-z0-9_-]*):((?:[ \n].*)?)$/s;

/** What the entries of the file that was read last hold, by their text without the name: after a change only what changed is read. */
let entriesRead: ReadonlyMap<string, object> = new Map();

/**
 * Reads a text with thousands of namespaces entry by entry, which takes a fraction of the time, above all when most of them were
 * read before. `undefined`: it is not made of entries that can be read alone, or one is wrong; then it has to be read whole.
 */
export function readEntries(text: string): unknown {
  const known = entriesRead;
  entriesRead = new Map();
  const section = findSection(text);
  if (section === undefined || section.entries.length < entriesMin) return undefined;
  const rest = readAlone(section.rest);
  if (rest === undefined || Object.hasOwn(rest, "namespaces")) return undefined;
  const read = new Map<string, object>();
  const namespaces: Record<string, unknown> = {};
  for (const entry of section.entries) {
    const [, indent = "", plainName, body = ""] = plainEntryPattern.exec(entry) ?? [];
    const anonymous = plainName === undefined ? entry : `${indent}_:${body}`;
    const value = known.get(anonymous) ?? read.get(anonymous) ?? readAlone(anonymous);
    const [pair, ...more] = Object.entries(value ?? {});
    if (value === undefined || pair === undefined || more.length > 0) return undefined;
    const name = plainName ?? pair[0];
    if (name === "__proto__" || Object.hasOwn(namespaces, name)) return undefined;
    namespaces[name] = pair[1];
    read.set(anonymous, value);
  }
  entriesRead = read;
  return { ...rest, namespaces };
}

/** Cuts the section out of the text, and into its entries. */
function findSection(text: string): { rest: string; entries: readonly string[] } | undefined {
  const start = sectionPattern.exec(text);
  if (start === null || wholeOnlyPattern.test(text)) return undefined;
  const after = text.slice(start.index + start[0].length);
  const sizeChars = sectionEndPattern.exec(after)?.index ?? after.length;
  const section = after.slice(0, sizeChars);
  const indent = /^( +)[^\s#]/m.exec(section)?.[1];
  if (indent === undefined) return undefined;
  const parts = section.split(new RegExp(`^(?=${indent}[^\\s#])`, "m"));
  // What stands before the first entry are comments.
  const entries = parts[0]?.startsWith(indent) && !/^ *#/.test(parts[0]) ? parts : parts.slice(1);
  return { rest: text.slice(0, start.index) + after.slice(sizeChars), entries };
}

/** `undefined`: it is not a map, or something is wrong with it. */
function readAlone(text: string): object | undefined {
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0 || document.warnings.length > 0) return undefined;
  const value: unknown = document.toJS();
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
}
