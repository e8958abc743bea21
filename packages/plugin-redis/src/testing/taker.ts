import type {
  DeliveryOutlet,
  MemberOutlet,
  PubSubDelivery,
  RecordOutlet,
  Room,
  StreamRecord,
} from "@prism-data/pattern-sdk";

/** An outlet that takes everything, and keeps what it is told. */
class Taker<T extends StreamRecord | PubSubDelivery> {
  readonly taken: T[] = [];
  readonly failures: unknown[] = [];

  get ids(): string[] {
    return this.taken.map(({ message }) => message.id);
  }

  async room(): Promise<Room> {
    return { items: 1_000, bytes: 2 ** 20 };
  }

  send(items: readonly T[]): void {
    this.taken.push(...items);
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}

/** Takes the records of a log. */
export class RecordTaker extends Taker<StreamRecord> implements RecordOutlet, MemberOutlet {
  readonly assignments: (readonly number[])[] = [];

  caughtUp(): void {}

  assigned(partitions: readonly number[]): void {
    this.assignments.push(partitions);
  }
}

/** Takes what a subscription gets. */
export class DeliveryTaker extends Taker<PubSubDelivery> implements DeliveryOutlet {}
