/** Tokens of one or more characters, of which none is white space, a control character, a wildcard or the dot between them. */
const topicForm = /^[^\s\p{Cc}.*>]+(\.[^\s\p{Cc}.*>]+)*$/u;

/** The longest topic, in bytes of UTF-8. Source: `prism.pubsub.v1.PubSubService`. */
export const topicBytesMax = 255;

/** Whether a text is a topic, which holds no wildcards. Its length is checked elsewhere. Pure. */
export function isTopic(text: string): boolean {
  return topicForm.test(text);
}

/** Whether a text is a topic or a pattern of topics: `*` as a token, `>` as the last. Pure. */
export function isTopicPattern(text: string): boolean {
  const tokens = text.split(".");
  return tokens.every(
    (token, index) => token === "*" || (token === ">" && index === tokens.length - 1) || isTopic(token),
  );
}

/** Whether a topic or pattern of topics has wildcards. Pure. */
export function hasWildcards(pattern: string): boolean {
  return pattern.includes("*") || pattern.includes(">");
}

/** Whether a topic is one of those that a pattern stands for: `*` is one token, a last `>` one or more. Pure. */
export function matchesTopic(pattern: string, topic: string): boolean {
  const wanted = pattern.split(".");
  const tokens = topic.split(".");
  const isOpen = wanted.at(-1) === ">";
  if (isOpen ? tokens.length < wanted.length : tokens.length !== wanted.length) return false;
  return wanted.every((token, index) => token === "*" || token === tokens[index] || (isOpen && token === ">"));
}
