import { hasWildcards } from "@prism-data/pattern-sdk";

/** What means something in a regular expression of PostgreSQL. */
const special = /[\\^$.*+?()[\]{}|]/g;

/** A pattern of topics as a regular expression of PostgreSQL: `*` is one token, a last `>` one or more. `undefined`: it has no wildcards. */
export function topicExpression(topic: string): string | undefined {
  if (!hasWildcards(topic)) return undefined;
  const tokens = topic.split(".").map((token) => {
    if (token === "*") return "[^.]+";
    return token === ">" ? ".+" : token.replace(special, "\\$&");
  });
  return `^${tokens.join("\\.")}$`;
}
