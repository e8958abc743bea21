/** An element of an array in its text form: a text, NULL, or an array. */
export type ArrayElement = string | null | readonly ArrayElement[];

/**
 * Reads an array as PostgreSQL writes it. `undefined`: its indexes do not begin at 1, which a plain list does not say, or it is
 * not one. Pure. Source: array_out in PostgreSQL's arrayfuncs.c.
 */
export function parseArray(text: string): readonly ArrayElement[] | undefined {
  if (!text.startsWith("{")) return undefined;
  let at = 1;

  const readElement = (): ArrayElement => {
    if (text[at] === "{") {
      at++;
      return readElements();
    }
    if (text[at] === '"') return readQuoted();
    const end = text.slice(at).search(/[,}]/) + at;
    const bare = text.slice(at, end);
    at = end;
    return bare === "NULL" ? null : bare;
  };

  const readQuoted = (): string => {
    let value = "";
    for (at++; text[at] !== '"'; at++) {
      if (text[at] === "\\") at++;
      value += text[at];
    }
    at++;
    return value;
  };

  const readElements = (): ArrayElement[] => {
    const elements: ArrayElement[] = [];
    while (text[at] !== "}") {
      elements.push(readElement());
      if (text[at] === ",") at++;
    }
    at++;
    return elements;
  };

  return readElements();
}
