import type { DeliveryOutlet, PubSubDelivery, Room } from "@prism-data/pattern-sdk";

/** An outlet for a subscription, with room for everything, that keeps what it is told. */
export class RecordingDeliveries implements DeliveryOutlet {
  readonly deliveries: PubSubDelivery[] = [];
  readonly failures: unknown[] = [];

  get ids(): string[] {
    return this.deliveries.map(({ message }) => message.id);
  }

  async room(): Promise<Room> {
    return { items: 1_000, bytes: 2 ** 20 };
  }

  send(deliveries: readonly PubSubDelivery[]): void {
    this.deliveries.push(...deliveries);
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}
