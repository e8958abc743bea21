import type { WrittenField, WrittenNeeds } from "./needs.js";
import { optionTexts, type RawOptions, throwProblems } from "./options.js";
import type { Problem } from "./problem.js";

/** A message as somebody wrote it. */
export interface ReadMessage {
  /** Its full name. */
  readonly message: string;
  readonly options: RawOptions;
  readonly fields?: readonly ReadField[];
}

/** A field of it. */
export interface ReadField {
  readonly name: string;
  /** The full name of the message that it holds; `undefined`: it holds none, or one that is not there. */
  readonly type?: string | undefined;
  readonly options: RawOptions;
}

/** The options of messages as somebody wrote them: names that there are, and text. Throws NeedsError with everything that is wrong. */
export function checkedOptions(messages: readonly ReadMessage[]): readonly WrittenNeeds[] {
  const problems: Problem[] = [];
  const written = messages.map((one) => ({
    message: one.message,
    options: optionTexts({ carrier: "message", path: one.message }, one.options, problems),
    fields: optionsOfFields(one, problems),
  }));
  throwProblems(problems);
  return written;
}

/**
 * Of all messages those that state needs: with an option of their own, or with one on a field, unless the message is only a part of
 * others. Throws NeedsError with everything that is wrong.
 */
export function statedNeeds(messages: readonly ReadMessage[]): readonly WrittenNeeds[] {
  const byName = new Map(messages.map((one) => [one.message, one]));
  const parts = new Set(messages.flatMap(({ fields = [] }) => fields.map(({ type }) => type)));
  const checked = checkedOptions(messages.map((one) => ({ ...one, fields: fieldsWithin(one, byName) })));
  return checked.filter(
    ({ message, options, fields = [] }) => options.size > 0 || (fields.length > 0 && !parts.has(message)),
  );
}

/** The fields of a message, and of the messages in them, by their paths, such as `address.street`. */
function fieldsWithin(
  { message, fields = [] }: ReadMessage,
  byName: ReadonlyMap<string, ReadMessage>,
  around: ReadonlySet<string> = new Set(),
): readonly ReadField[] {
  const outer = new Set([...around, message]);
  return fields.flatMap((field) => {
    const part = field.type === undefined || outer.has(field.type) ? undefined : byName.get(field.type);
    const inner = part === undefined ? [] : fieldsWithin(part, byName, outer);
    return [field, ...inner.map((one) => ({ ...one, name: `${field.name}.${one.name}` }))];
  });
}

function optionsOfFields({ message, fields = [] }: ReadMessage, problems: Problem[]): readonly WrittenField[] {
  return fields
    .map(({ name, options }) => ({
      name,
      options: optionTexts({ carrier: "field", path: `${message}.${name}` }, options, problems),
    }))
    .filter(({ options }) => options.size > 0);
}
