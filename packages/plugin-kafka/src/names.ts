import { hash } from "node:crypto";

/** A byte of a name that stands for itself in a topic's name. */
const plainByte = /[A-Za-z0-9-]/;

/** What fits into the 249 characters of a topic's name beside the prefix. */
const encodedCharsMax = 200;

/** So much of a longer name stays readable before its hash. */
const readableCharsMax = 120;

/**
 * The topic of a namespace: `PREFIX.NAMESPACE`, where each byte that is no letter, digit or dash is `_` and two hexadecimal digits.
 * A longer one is cut and ends with `_h` and the SHA-256 of the namespace.
 *
 * Invariant: two namespaces never have the same topic, nor topics that Kafka takes for each other because only `.` and `_` differ.
 */
export function topicOf(prefix: string, namespace: string): string {
  const encoded = encodeName(namespace);
  if (encoded.length <= encodedCharsMax) return `${prefix}.${encoded}`;
  return `${prefix}.${encoded.slice(0, readableCharsMax)}_h${hash("sha256", namespace)}`;
}

/**
 * The topic of a pub-sub namespace: that of a stream's, and `.pubsub`. No stream's name ends so, nor with `_pubsub`, which Kafka would
 * take for it: after `_` comes a number.
 */
export function pubSubTopicOf(prefix: string, namespace: string): string {
  return `${topicOf(prefix, namespace)}.pubsub`;
}

/** What the ids of a topic's groups start with. No topic's name holds a colon. */
export function groupPrefixOf(topic: string): string {
  return `${topic}:`;
}

/** The id of a group on the brokers. */
export function groupIdOf(topic: string, group: string): string {
  return groupPrefixOf(topic) + encodeName(group);
}

/** The id of a group that shares what is published to what it has subscribed to. */
export function subscriberGroupIdOf(
  topic: string,
  { group, subscribed }: { group: string; subscribed: string },
): string {
  return `${groupIdOf(topic, group)}:${encodeName(subscribed)}`;
}

function encodeName(name: string): string {
  let encoded = "";
  for (const byte of Buffer.from(name)) {
    const character = String.fromCharCode(byte);
    encoded += plainByte.test(character) ? character : `_${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
