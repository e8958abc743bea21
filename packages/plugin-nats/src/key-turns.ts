/** Lets calls of one process take turns on each key, in their order, so that they do not defeat each other. */
export class KeyTurns {
  readonly #last = new Map<string, Promise<unknown>>();

  run<T>(key: string, call: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = before === undefined ? call() : before.then(call, call);
    this.#last.set(key, turn);
    const end = () => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    };
    turn.then(end, end);
    return turn;
  }
}
