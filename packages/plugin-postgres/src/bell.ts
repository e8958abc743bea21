/** Called when something has happened, or may have. */
export type Ringer = () => void;

/**
 * Wakes who waits for something on the server: the payload of a notification names what, and everybody is woken after the connection
 * was away, because a notification may have been missed. Being woken for nothing is harmless: who is woken looks.
 */
export class Bell {
  readonly #ringers = new Map<string, Set<Ringer>>();

  /** Calls `ringer` on each notification with this payload, until the returned function is called. */
  on(payload: string, ringer: Ringer): () => void {
    const ringers = this.#ringers.get(payload) ?? new Set();
    this.#ringers.set(payload, ringers.add(ringer));
    return () => {
      ringers.delete(ringer);
      if (ringers.size === 0 && this.#ringers.get(payload) === ringers) this.#ringers.delete(payload);
    };
  }

  ring(payload: string): void {
    for (const ringer of [...(this.#ringers.get(payload) ?? [])]) ringer();
  }

  ringAll(): void {
    for (const payload of [...this.#ringers.keys()]) this.ring(payload);
  }
}
