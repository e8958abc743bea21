import type { ControlListener, Reachability } from "./control-state.js";

/** Those who hear of a control state. Invariant: each is told what is new to it once. */
export class Listeners {
  readonly #listeners = new Set<ControlListener>();
  #revision: string | undefined;
  #reachability: Reachability = { isReachable: true };

  get reachability(): Reachability {
    return this.#reachability;
  }

  add(listener: ControlListener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => this.#listeners.delete(listener) };
  }

  /** Tells of a revision, unless it is the last that was seen. */
  sawRevision(revision: string): void {
    if (this.#revision === revision) return;
    this.#revision = revision;
    for (const listener of this.#listeners) listener.onChange(revision);
  }

  /** Tells whether the store answers, when that is new. Returns whether it was. */
  sawReachability(reachability: Reachability): boolean {
    if (whyOf(reachability) === whyOf(this.#reachability)) return false;
    this.#reachability = reachability;
    for (const listener of this.#listeners) listener.onReachability(reachability);
    return true;
  }
}

function whyOf(reachability: Reachability): string | undefined {
  return reachability.isReachable ? undefined : reachability.why;
}
