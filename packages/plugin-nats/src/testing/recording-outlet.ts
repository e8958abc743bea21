import type { MemberOutlet, RecordOutlet, Room, StreamRecord } from "@prism-data/pattern-sdk";

/** An outlet for a reader or a member of a group, with room for everything, that keeps what it is told. */
export class RecordingOutlet implements MemberOutlet, RecordOutlet {
  readonly records: StreamRecord[] = [];
  readonly failures: unknown[] = [];
  partitions: readonly number[] = [];
  hasCaughtUp = false;

  get ids(): string[] {
    return this.records.map(({ message }) => message.id);
  }

  async room(): Promise<Room> {
    return { items: 1_000, bytes: 2 ** 20 };
  }

  send(records: readonly StreamRecord[]): void {
    this.records.push(...records);
  }

  assigned(partitions: readonly number[]): void {
    this.partitions = partitions;
  }

  caughtUp(): void {
    this.hasCaughtUp = true;
  }

  failed(error: unknown): void {
    this.failures.push(error);
  }
}
