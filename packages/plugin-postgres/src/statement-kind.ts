/** White space, semicolons and comments before a statement's first word. Comments of the second form nest. */
const lineComment = /^--[^\n]*/;
const blank = /^[\s;]+/;

/** What begins or ends a transaction. `PREPARE` alone prepares a statement. */
const control = /^(?:begin|start|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/i;

/** What an open transaction may do in it: mark a point and go back there. */
const savepoint = /^(?:savepoint|release|rollback\s+(?:work\s+|transaction\s+)?to)\b/i;

/** What returns rows and changes nothing by itself; a function that it calls may. */
const reading = /^(?:select|values|table|show)\b/i;

const copying = /^copy\b/i;

/** Whether a statement would begin or end a transaction behind Prism's back, or mark a point in it where that is not allowed. Pure. */
export function controlsTransaction(sql: string, { savepoints }: { readonly savepoints: boolean }): boolean {
  const statement = withoutLeadingBlanks(sql);
  return control.test(statement) && !(savepoints && savepoint.test(statement));
}

/** Whether a statement is there for its rows alone. Pure. */
export function onlyReads(sql: string): boolean {
  return reading.test(withoutLeadingBlanks(sql));
}

/** Whether a statement moves data beside the protocol's rows. Pure. */
export function copies(sql: string): boolean {
  return copying.test(withoutLeadingBlanks(sql));
}

function withoutLeadingBlanks(sql: string): string {
  let rest = sql;
  for (;;) {
    const length = (blank.exec(rest) ?? lineComment.exec(rest))?.[0].length ?? blockCommentLength(rest);
    if (length === 0) return rest;
    rest = rest.slice(length);
  }
}

function blockCommentLength(sql: string): number {
  if (!sql.startsWith("/*")) return 0;
  let depth = 0;
  for (const { 0: mark, index } of sql.matchAll(/\/\*|\*\//g)) {
    depth += mark === "/*" ? 1 : -1;
    if (depth === 0) return index + mark.length;
  }
  return sql.length;
}
