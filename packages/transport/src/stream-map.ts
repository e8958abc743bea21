import type { Stream } from "./stream.js";

/** A connection with few calls at a time needs no more; a power of two. */
const smallestSlots = 16;

/**
 * Streams by id. The ids of a connection follow each other, so that most stand in the slot of their number, and those that go
 * make room for those that come: nothing is made anew, unlike in a Map, whose older makings V8 may keep (see Roster).
 */
export class StreamMap {
  #slots: (Stream | undefined)[] = new Array(smallestSlots).fill(undefined);
  size = 0;

  get(id: number): Stream | undefined {
    for (let at = this.#home(id); ; at = this.#after(at)) {
      const stream = this.#slots[at];
      if (stream === undefined || stream.id === id) return stream;
    }
  }

  /** Its id must not be in use. */
  add(stream: Stream): void {
    if (this.size * 2 >= this.#slots.length) this.#grow();
    this.#place(stream);
    this.size++;
  }

  delete(id: number): void {
    let hole = this.#home(id);
    while (this.#slots[hole]?.id !== id) {
      if (this.#slots[hole] === undefined) return;
      hole = this.#after(hole);
    }
    this.#closeUp(hole);
    this.size--;
  }

  streams(): Stream[] {
    return this.#slots.filter((stream) => stream !== undefined);
  }

  /** Moves up whoever would not be found any more behind the hole. */
  #closeUp(hole: number): void {
    const slots = this.#slots;
    for (let at = this.#after(hole); slots[at] !== undefined; at = this.#after(at)) {
      const stream = slots[at]!;
      const distance = (at - this.#home(stream.id)) & (slots.length - 1);
      if (distance >= ((at - hole) & (slots.length - 1))) {
        slots[hole] = stream;
        hole = at;
      }
    }
    slots[hole] = undefined;
  }

  #grow(): void {
    const streams = this.streams();
    this.#slots = new Array(this.#slots.length * 2).fill(undefined);
    for (const stream of streams) this.#place(stream);
  }

  #place(stream: Stream): void {
    let at = this.#home(stream.id);
    while (this.#slots[at] !== undefined) at = this.#after(at);
    this.#slots[at] = stream;
  }

  /** RFC 9113 section 5.1.1: the ids of one side are all odd, or all even. */
  #home(id: number): number {
    return (id >>> 1) & (this.#slots.length - 1);
  }

  #after(at: number): number {
    return (at + 1) & (this.#slots.length - 1);
  }
}
