import type { DeliveryOutlet, PubSubDelivery, Room } from "@prism-data/pattern-sdk";

/** An outlet for a subscription that keeps what it is told. */
export class RecordingDeliveries implements DeliveryOutlet {
  readonly deliveries: PubSubDelivery[] = [];
  readonly failures: unknown[] = [];
  /** How many deliveries there is always room for. 0: there will be none. */
  roomItems = 1_000;

  get ids(): string[] {
    return this.deliveries.map(({ message }) => message.id);
  }

  room(): Promise<Room> {
    if (this.roomItems === 0) return new Promise(() => {});
    return Promise.resolve({ items: this.roomItems, bytes: 2 ** 20 });
  }

  send(deliveries: readonly PubSubDelivery[]): void {
    this.deliveries.push(...deliveries);
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}
