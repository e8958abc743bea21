/**
 * How long calls may be handled without a break. Handlers that answer at once are run as their requests are read; without
 * a bound a burst of them keeps timers and other connections waiting, the server's own heartbeats among them.
 */
export const turnMs = 10;

/** Something that takes part of a turn. Must not throw. */
export interface TurnTaker {
  takeTurn(): void;
}

/** Lets work run at once while the event loop's turn is young, and puts it off to later turns, in order, when it is not. */
export class FairTurns {
  readonly #now: () => number;
  /** Its length is bounded by the calls that connections may have open. */
  #waiting: TurnTaker[] = [];
  #endsAtMs: number | undefined;

  constructor(now: () => number) {
    this.#now = now;
  }

  run(taker: TurnTaker): void {
    if (this.#waiting.length === 0 && this.#hasTime()) taker.takeTurn();
    else this.#waiting.push(taker);
  }

  #hasTime(): boolean {
    if (this.#endsAtMs !== undefined) return this.#now() < this.#endsAtMs;
    this.#endsAtMs = this.#now() + turnMs;
    setImmediate(this.#nextTurn);
    return true;
  }

  readonly #nextTurn = (): void => {
    this.#endsAtMs = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    let taken = 0;
    while (taken < waiting.length && this.#hasTime()) {
      waiting[taken]!.takeTurn();
      taken += 1;
    }
    if (taken < waiting.length) this.#waiting = [...waiting.slice(taken), ...this.#waiting];
  };
}
