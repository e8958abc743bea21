import { hasWildcards, isTopic, isTopicPattern, topicBytesMax } from "../../patterns/pub-sub/topic.js";
import { requireCapability } from "../pattern/bound-namespace.js";
import { checkName, invalidField } from "../pattern/checked-fields.js";
import type { BoundPubSub } from "./bound-pub-sub.js";

const form = "must be tokens separated by dots, without white space, control characters,";

/** A topic to publish to. */
export function checkTopic(topic: string, field: string): void {
  checkName(topic, topicBytesMax, field);
  if (!isTopic(topic)) throw invalidField(field, `${form} "*" and ">"`);
}

/** A topic to subscribe to, or a pattern of topics. */
export function checkTopicPattern(bound: BoundPubSub, pattern: string, field: string): void {
  checkName(pattern, topicBytesMax, field);
  if (!isTopicPattern(pattern)) {
    throw invalidField(field, `${form} or with "*" for a whole token and ">" for all from the last token on`);
  }
  if (hasWildcards(pattern)) requireCapability(bound, "wildcards", `A pattern in ${field}`);
}
