import type { Room } from "@prism-data/pattern-sdk";
import type { Kafka } from "kafkajs";
import { follow } from "./follow.js";
import { isPublishedTo, type KafkaRecord } from "./record-codec.js";

/** What is passed on at once. */
const room: Room = { items: 1_000, bytes: 4 * 2 ** 20 };

/** Somebody who gets everything of a topic, or of a pattern of topics, from a place on. */
export interface Listener {
  readonly subscribed: string;
  /** The offset of the first record. */
  readonly from: bigint;
  heard(records: readonly KafkaRecord[]): void;
  failed(error: unknown): void;
}

/** Reads a topic once for everybody who listens to it, as long as somebody does. */
export class Broadcast {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #listeners = new Set<Listener>();
  #ending: AbortController | undefined;

  constructor(kafka: Kafka, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
  }

  /** Passes on what comes from now on. */
  add(listener: Listener): void {
    this.#listeners.add(listener);
    if (this.#ending === undefined) void this.#begin(listener.from);
  }

  remove(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size === 0) this.#end();
  }

  /** Never rejects. */
  async #begin(from: bigint): Promise<void> {
    const ending = new AbortController();
    this.#ending = ending;
    const outlet = { room: async () => room, send: (records: readonly KafkaRecord[]) => this.#passOn(records) };
    try {
      await follow({ kafka: this.#kafka, topic: this.#topic, from, outlet, signal: ending.signal });
    } catch (error) {
      if (ending.signal.aborted) return;
      this.#end();
      for (const listener of this.#listeners) listener.failed(error);
    }
  }

  #end(): void {
    this.#ending?.abort();
    this.#ending = undefined;
  }

  #passOn(records: readonly KafkaRecord[]): void {
    for (const listener of this.#listeners) {
      const { from, subscribed } = listener;
      const heard = records.filter((record) => record.offset >= from && isPublishedTo(record, subscribed));
      if (heard.length > 0) listener.heard(heard);
    }
  }
}
