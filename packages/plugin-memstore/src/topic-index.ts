import { hasWildcards, matchesTopic } from "@prism-data/pattern-sdk";

/** Who listens to which topics and patterns of topics. */
export class TopicIndex<Listener> {
  readonly #byTopic = new Map<string, Set<Listener>>();
  readonly #byPattern = new Map<string, Set<Listener>>();

  add(pattern: string, listener: Listener): void {
    const listeners = this.#mapOf(pattern);
    const known = listeners.get(pattern);
    if (known === undefined) listeners.set(pattern, new Set([listener]));
    else known.add(listener);
  }

  remove(pattern: string, listener: Listener): void {
    const listeners = this.#mapOf(pattern);
    const known = listeners.get(pattern);
    if (known?.delete(listener) && known.size === 0) listeners.delete(pattern);
  }

  /** Those who listen to a topic, each once. */
  listeners(topic: string): Listener[] {
    const found = [...(this.#byTopic.get(topic) ?? [])];
    for (const [pattern, listeners] of this.#byPattern) if (matchesTopic(pattern, topic)) found.push(...listeners);
    return found;
  }

  clear(): void {
    this.#byTopic.clear();
    this.#byPattern.clear();
  }

  #mapOf(pattern: string): Map<string, Set<Listener>> {
    return hasWildcards(pattern) ? this.#byPattern : this.#byTopic;
  }
}
