/** What stands on a roster. The position belongs to the roster; -1: on none. */
export interface Enrolled {
  rosterPosition: number;
}

/**
 * A set for what comes and goes with every call. A Set is made anew whenever enough has left it, and a made-over one that V8 has
 * moved to its old generation keeps everything that was in those after it from being collected with the young.
 */
export class Roster<T extends Enrolled> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** All there are, in no order. */
  members(): T[] {
    return [...this.#members];
  }

  /** It must not be on a roster. */
  add(member: T): void {
    member.rosterPosition = this.#members.length;
    this.#members.push(member);
  }

  /** False when it is not on it. */
  delete(member: T): boolean {
    if (member.rosterPosition < 0) return false;
    const last = this.#members.pop()!;
    if (last !== member) {
      this.#members[member.rosterPosition] = last;
      last.rosterPosition = member.rosterPosition;
    }
    member.rosterPosition = -1;
    return true;
  }
}
