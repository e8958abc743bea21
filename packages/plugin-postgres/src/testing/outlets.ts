import type {
  DeliveryOutlet,
  MemberOutlet,
  PubSubDelivery,
  RecordOutlet,
  Room,
  StreamRecord,
} from "@prism-data/pattern-sdk";

const room: Room = { items: 1_000, bytes: 16 * 2 ** 20 };

/** Takes everything at once, and remembers it, until it ends. */
class Taken<T> {
  readonly items: T[] = [];
  readonly failures: unknown[] = [];
  #isOver = false;

  async room(): Promise<Room> {
    if (this.#isOver) throw new Error("the app has gone");
    return room;
  }

  end(): void {
    this.#isOver = true;
  }

  send(items: readonly T[]): void {
    this.items.push(...items);
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}

export class TakenDeliveries extends Taken<PubSubDelivery> implements DeliveryOutlet {
  get ids(): string[] {
    return this.items.map(({ message }) => message.id);
  }
}

export class TakenRecords extends Taken<StreamRecord> implements RecordOutlet, MemberOutlet {
  readonly assignments: (readonly number[])[] = [];

  get ids(): string[] {
    return this.items.map(({ message }) => message.id);
  }

  get partitions(): readonly number[] {
    return this.assignments.at(-1) ?? [];
  }

  caughtUp(): void {}

  assigned(partitions: readonly number[]): void {
    this.assignments.push(partitions);
  }
}
