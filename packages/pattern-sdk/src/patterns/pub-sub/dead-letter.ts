import type { Header, Message } from "../messaging/message.js";
import { isTopic } from "./topic.js";

const topicPrefix = "dead_letter.";

/** What Prism says of a dead letter, in headers after the message's own. */
const ownHeaderPrefix = "prism-";

/** What became of a message that a group gives up. */
export interface GivenUp {
  /** The topic that it was published to. */
  readonly topic: string;
  readonly group: string;
  /** How often it was delivered to the group. */
  readonly deliveryCount: number;
  /** The cause of its last rejection; `""`: it had none. */
  readonly cause: string;
}

/**
 * The topic that takes what a group gives up: `dead_letter.` and the group's name, or its bytes in base64url where the name cannot
 * stand in a topic. A message of this topic is not given up again by the same group. Pure. Source: `PubSubOptions.maxDeliveries`.
 */
export function deadLetterTopic(group: string): string {
  return topicPrefix + (isTopic(group) ? group : Buffer.from(group).toString("base64url"));
}

/**
 * The message that goes to the dead letter topic: as it was published, and after its headers `prism-topic`, `prism-group`,
 * `prism-delivery-count` and `prism-cause`, as text, in place of those of an earlier time. Pure.
 */
export function deadLetterOf(message: Message, { topic, group, deliveryCount, cause }: GivenUp): Message {
  const own = message.headers.filter(({ name }) => !name.startsWith(ownHeaderPrefix));
  const said = [
    header("topic", topic),
    header("group", group),
    header("delivery-count", String(deliveryCount)),
    header("cause", cause === "" ? `it was not acknowledged in ${deliveryCount} deliveries` : cause),
  ];
  return { ...message, headers: [...own, ...said] };
}

function header(name: string, value: string): Header {
  return { name: `${ownHeaderPrefix}${name}`, value: Buffer.from(value) };
}
