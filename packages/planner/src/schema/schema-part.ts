import type { Schema, SchemaMessage } from "./schema.js";

/** A message and all that it needs. */
export interface SchemaPart {
  readonly schema: Schema;
  /** Types that it needs and that are not there. */
  readonly missing: readonly string[];
}

/** The part of a schema that a message needs: the types of its fields, theirs, and what each is defined within. Fields by number. */
export function schemaPartOf(schema: Schema, message: string): SchemaPart {
  const messages = new Map<string, SchemaMessage>();
  const enums = new Set<string>();
  const missing = new Set<string>();
  const open = [message];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (messages.has(name) || enums.has(name)) continue;
    const found = schema.messages.get(name);
    if (found !== undefined) {
      messages.set(name, { ...found, fields: found.fields.toSorted((a, b) => a.number - b.number) });
      open.push(...found.fields.filter(({ type }) => type.kind !== "scalar").map(({ type }) => type.name));
    } else if (schema.enums.has(name)) enums.add(name);
    else {
      missing.add(name);
      continue;
    }
    const outer = outerOf(name);
    if (schema.messages.has(outer)) open.push(outer);
  }
  const byName = <T>(entries: Iterable<[string, T]>) => new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    schema: {
      messages: byName(messages),
      enums: byName([...enums].map((name) => [name, schema.enums.get(name)!])),
    },
    missing: [...missing].sort(),
  };
}

/** What a type is defined within: a message, or a package. */
export function outerOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

/** The name of a type within what it is defined in. */
export function shortNameOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
