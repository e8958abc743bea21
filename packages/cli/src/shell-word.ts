/** A word as a shell takes it. */
export function shellWord(text: string): string {
  return /^[\w./:@-]+$/.test(text) && !text.startsWith("-") ? text : shellQuoted(text);
}

/** A text that a shell takes as one word, whatever it holds. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
