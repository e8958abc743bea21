import type { Room } from "@prism-data/pattern-sdk";
import type { Kafka } from "kafkajs";
import { DeliveryWindow, type Entry } from "./delivery-window.js";
import type { Feed } from "./feed.js";
import { follow } from "./follow.js";
import type { KafkaRecord } from "./record-codec.js";

export interface OwnFeedOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** The offset of the first record. */
  readonly from: bigint;
  isWanted(record: KafkaRecord): boolean;
  failed(error: unknown): void;
}

/** What one subscription without a group takes from, at least once: everything from a place on, for as long as it is there. */
export class OwnFeed implements Feed {
  readonly #window = new DeliveryWindow();
  readonly #closing = new AbortController();
  readonly #following: Promise<void>;

  constructor({ kafka, topic, from, isWanted, failed }: OwnFeedOptions) {
    const { signal } = this.#closing;
    this.#window.begin(from, []);
    const outlet = {
      room: () => this.#window.room(signal),
      send: (records: readonly KafkaRecord[]) => this.#window.add(records, isWanted),
    };
    this.#following = follow({ kafka, topic, from, outlet, signal }).catch((error: unknown) => {
      if (!signal.aborted) failed(error);
    });
  }

  take(room: Room, signal: AbortSignal): Promise<readonly Entry[]> {
    return this.#window.take(room, signal);
  }

  async finish(entries: readonly Entry[]): Promise<void> {
    for (const entry of entries) this.#window.finish(entry);
  }

  fail(entries: readonly Entry[]): void {
    this.#window.giveBack(entries);
  }

  release(entries: readonly Entry[]): void {
    this.#window.giveBack(entries);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#following;
  }
}
