import { deadLetterOf, deadLetterTopic, type Message } from "@prism-data/pattern-sdk";
import type { JetStream } from "./jet-stream.js";
import type { Subjects } from "./subjects.js";
import { headersOf } from "./wire-message.js";

export interface DeadLettersOptions {
  readonly jetStream: JetStream;
  readonly subjects: Subjects;
  readonly group: string;
  /** Names the group on the server. */
  readonly consumer: string;
  readonly maxDeliveries: number;
}

/** A message that may be given up. */
export interface Doomed {
  readonly topic: string;
  readonly message: Message;
  readonly sequence: number;
  readonly deliveryCount: number;
}

/** What one group gives up. */
export class DeadLetters {
  readonly #options: DeadLettersOptions;
  readonly #topic: string;

  constructor(options: DeadLettersOptions) {
    this.#options = options;
    this.#topic = deadLetterTopic(options.group);
  }

  /** Whether the group gives a message up that is not acknowledged now. */
  isLast({ topic, deliveryCount }: Pick<Doomed, "topic" | "deliveryCount">): boolean {
    return deliveryCount >= this.#options.maxDeliveries && topic !== this.#topic;
  }

  /** Returns when the dead letter is stored. Buried twice within two minutes, as after a lost answer, it is there once. */
  async bury({ topic, message, sequence, deliveryCount }: Doomed, cause: string): Promise<void> {
    const { jetStream, subjects, group, consumer } = this.#options;
    const letter = deadLetterOf(message, { topic, group, deliveryCount, cause });
    const written = headersOf(letter, Date.now());
    written.set("Nats-Msg-Id", `${consumer}.${sequence}`);
    await jetStream.publish(subjects.ofTopic(this.#topic), letter.payload, written);
  }
}
