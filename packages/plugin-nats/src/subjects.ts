/** A byte of a name that stands for itself in a token of a subject. */
const plainByte = /[A-Za-z0-9_-]/;

/**
 * The subjects of one namespace: `PREFIX.NAMESPACE.TOPIC`. The name of a namespace is one token, percent-encoded byte by byte, so that no two
 * namespaces share a subject. The tokens of a topic stay as they are, so that wildcards mean what they mean in NATS.
 */
export class Subjects {
  readonly #base: string;

  constructor(prefix: string, namespace: string) {
    this.#base = `${prefix}.${encodedToken(namespace)}.`;
  }

  /** The subject of a topic, or of a pattern of topics. */
  ofTopic(topic: string): string {
    return this.#base + topic;
  }

  topicOf(subject: string): string {
    return subject.slice(this.#base.length);
  }
}

/** What the subjects start with on which JetStream tells of what it has stored. */
export function bells(prefix: string, kind: string): string {
  return `${prefix}.$bell.${kind}`;
}

/**
 * The queue group of a group on a topic. NATS shares a message among all members of a queue group whose subjects match it; Prism among those
 * of the same topic, so the topic is a part of the name.
 */
export function queueGroup(group: string, topic: string): string {
  return `${encodedToken(group)}.${encodedToken(topic)}`;
}

/** A name as one token of a subject: no two names have the same. */
export function encodedToken(name: string): string {
  let encoded = "";
  for (const byte of Buffer.from(name)) {
    const character = String.fromCharCode(byte);
    encoded += plainByte.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return encoded;
}
