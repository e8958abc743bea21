import type { Message } from "@prism-data/pattern-sdk";
import type { ByteBudget } from "./byte-budget.js";
import { keptMessage, keptSizeBytes } from "./kept-message.js";

/** A message that was published, and is held by the backlogs that it waits in. It counts once, however many those are. */
export class Publication {
  readonly topic: string;
  readonly message: Message;
  readonly publishedAtMs: number;
  readonly #budget: ByteBudget;
  #holders = 0;

  constructor(topic: string, message: Message, publishedAtMs: number, budget: ByteBudget) {
    this.topic = topic;
    this.message = keptMessage(message);
    this.publishedAtMs = publishedAtMs;
    this.#budget = budget;
  }

  hold(): void {
    if (this.#holders++ === 0) this.#budget.add(keptSizeBytes(this.message));
  }

  release(): void {
    if (--this.#holders === 0) this.#budget.add(-keptSizeBytes(this.message));
  }
}
