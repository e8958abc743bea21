import { type DeadLetter, type DeadLetterPage, messageSizeBytes, type RedriveSelection } from "@prism-data/pattern-sdk";
import type { StoredMessage } from "./stored-message.js";

/** What a page asks for. */
export interface PageRequest {
  readonly limit: number;
  readonly bytesMax: number;
  readonly cursor?: string | undefined;
}

/** The messages of one queue that could not be handled, in the order in which they were given up. */
export class DeadLetters {
  /** Invariant: all are `dead`, with numbers that rise. */
  #messages: StoredMessage[] = [];
  #numbers = 0;

  get size(): number {
    return this.#messages.length;
  }

  add(message: StoredMessage, diedAtMs: number, cause: string): void {
    this.#numbers++;
    message.state = { kind: "dead", number: this.#numbers, diedAtMs, cause };
    this.#messages.push(message);
  }

  /** The cursor is the number of the last one returned, so that those that come and go around it change nothing. */
  page({ limit, bytesMax, cursor }: PageRequest): DeadLetterPage {
    const deadLetters: DeadLetter[] = [];
    let sizeBytes = 0;
    let last = cursor;
    for (let index = cursor === undefined ? 0 : this.#indexAfter(Number(cursor)); index < this.size; index++) {
      const message = this.#messages[index]!;
      sizeBytes += messageSizeBytes(message.message);
      if (deadLetters.length > 0 && (deadLetters.length === limit || sizeBytes > bytesMax)) {
        return { deadLetters, cursor: last };
      }
      deadLetters.push(letterOf(message));
      last = String(numberOf(message));
    }
    return { deadLetters };
  }

  /** Takes those out that are selected. */
  take(selection: RedriveSelection): readonly StoredMessage[] {
    if (selection.kind === "oldest") return this.#messages.splice(0, selection.limit);
    const ids = new Set(selection.ids);
    const taken = this.#messages.filter(({ message }) => ids.has(message.id));
    this.#messages = this.#messages.filter(({ message }) => !ids.has(message.id));
    return taken;
  }

  remove(message: StoredMessage): void {
    const index = this.#indexAfter(numberOf(message) - 1);
    if (this.#messages[index] === message) this.#messages.splice(index, 1);
  }

  clear(): void {
    this.#messages = [];
  }

  /** The place of the first that has a higher number. */
  #indexAfter(number: number): number {
    let [low, high] = [0, this.#messages.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (numberOf(this.#messages[middle]!) <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function numberOf({ state }: StoredMessage): number {
  return state.kind === "dead" ? state.number : 0;
}

function letterOf({ message, sentAtMs, deliveryCount, state }: StoredMessage): DeadLetter {
  const { diedAtMs, cause } = state.kind === "dead" ? state : { diedAtMs: sentAtMs, cause: "" };
  return { message, sentAtMs, diedAtMs, deliveryCount, cause };
}
