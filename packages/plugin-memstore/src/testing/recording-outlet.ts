import type { DeliveryOutlet, PubSubDelivery, Room } from "@prism-data/pattern-sdk";

/** An outlet that keeps what it is sent, and has room for as many messages as a test says. */
export class RecordingOutlet implements DeliveryOutlet {
  readonly sent: PubSubDelivery[] = [];
  readonly failures: unknown[] = [];
  #items: number;
  #more = Promise.withResolvers<void>();

  constructor(items = Number.POSITIVE_INFINITY) {
    this.#items = items;
  }

  get texts(): string[] {
    return this.sent.map(({ message }) => Buffer.from(message.payload).toString());
  }

  /** The ids of the deliveries of this text, in order. */
  idsOf(text: string): string[] {
    return this.sent.filter((_, index) => this.texts[index] === text).map(({ deliveryId }) => deliveryId);
  }

  allow(items: number): void {
    this.#items += items;
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  async room(): Promise<Room> {
    while (this.#items === 0) await this.#more.promise;
    return { items: this.#items, bytes: Number.MAX_SAFE_INTEGER };
  }

  send(items: readonly PubSubDelivery[]): void {
    this.sent.push(...items);
    this.#items -= items.length;
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}
