/**
 * SQLite's tokens, as far as they matter here: what may hold a parameter's characters without being one (texts, quoted names,
 * comments, names), and parameters. Source: sqlite.org/lang_expr.html#varparam, sqlite.org/draft/tokenreq.html.
 */
const tokens =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\]|--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*|\?\d*|[:@$#][\w$\u0080-\uffff]+/g;

/** How many parameters a statement has that SQLite has accepted. `undefined`: one of them has a name instead of a number. */
export function parameterCount(sql: string): number | undefined {
  let count = 0;
  for (const [token] of sql.matchAll(tokens)) {
    if (/^[:@$#]/.test(token)) return undefined;
    if (token.startsWith("?")) count = Math.max(count, token === "?" ? count + 1 : Number(token.slice(1)));
  }
  return count;
}
