import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import { messageSizeBytes } from "../../patterns/messaging/message-size.js";
import type { Room } from "../../patterns/messaging/outlet.js";
import type { MemberOutlet, Position, StreamRecord } from "../../patterns/stream/stream.js";
import { ConsumeResponse } from "../gen/prism/stream/v1/stream.js";
import { encodeMessage } from "../message.js";
import { MessageOutlet } from "../messaging/message-outlet.js";
import type { OutstandingBounds } from "../messaging/outstanding.js";
import { invalidField } from "../pattern/checked-fields.js";
import { DeliveredRecords } from "./delivered-records.js";
import { encodeConsumeRecords } from "./record-encoder.js";

/** What a feed works with. */
export interface MemberFeedOptions {
  readonly call: StreamingServerCall;
  /** Ends the deliveries. */
  readonly signal: AbortSignal;
  readonly bounds: OutstandingBounds;
  /** Called when the membership cannot go on. */
  onFailed(error: unknown): void;
}

/** Sends one member of a group its assignments, records and commits, within the bounds that its app has set. */
export class MemberFeed implements MemberOutlet {
  readonly #call: StreamingServerCall;
  readonly #outlet: MessageOutlet<StreamRecord>;
  readonly #delivered: DeliveredRecords;
  readonly #onFailed: (error: unknown) => void;

  constructor({ call, signal, bounds, onFailed }: MemberFeedOptions) {
    this.#call = call;
    this.#onFailed = onFailed;
    this.#delivered = new DeliveredRecords(bounds);
    this.#outlet = new MessageOutlet<StreamRecord>({
      call,
      signal,
      outstanding: this.#delivered,
      sizeBytesOf: ({ message }) => messageSizeBytes(message),
      encode: encodeConsumeRecords,
    });
  }

  room(): Promise<Room> {
    return this.#outlet.room();
  }

  send(records: readonly StreamRecord[]): void {
    const foreign = records.find(({ partition }) => !this.#delivered.has(partition));
    if (foreign === undefined) {
      this.#outlet.send(records);
      return;
    }
    const message = `The plugin delivered a record of partition ${foreign.partition} to a member that does not have it.`;
    const defect = new GatewayError("INTERNAL", `${message} This is a defect of the plugin.`);
    this.failed(defect);
    throw defect;
  }

  assigned(partitions: readonly number[]): void {
    const inOrder = [...partitions].sort((a, b) => a - b);
    this.#delivered.assign(inOrder);
    this.#outlet.withdraw(({ partition }) => !this.#delivered.has(partition));
    this.#outlet.tell(answerOf({ $case: "assignment", value: { partitions: inOrder } }));
    this.#outlet.freed();
  }

  failed(error: unknown): void {
    this.#onFailed(error);
  }

  /** Refuses a commit of what the member cannot have handled: it would skip records. Partitions that it does not have are not its matter. */
  checkDelivered(positions: readonly Position[]): void {
    for (const [index, { partition, offset }] of positions.entries()) {
      const last = this.#delivered.last(partition);
      if (!this.#delivered.has(partition) || (last !== undefined && offset <= last)) continue;
      const got = last === undefined ? "none was" : `the last one was ${last}`;
      throw invalidField(
        `commit.positions[${index}].offset`,
        `is ${offset}, which was not delivered on this stream (${got}); give the offset of the last record that was handled, not the next one`,
      );
    }
  }

  /** Commits are durable: gives the room of their records back, and tells the app. */
  async committed(positions: readonly Position[]): Promise<void> {
    this.#delivered.commit(positions);
    // Also after the deliveries have ended: the app must know.
    const hasRoom = this.#call.write(answerOf({ $case: "committed", value: { positions: [...positions] } }));
    this.#outlet.freed();
    if (!hasRoom) await this.#call.writable();
  }
}

function answerOf(event: NonNullable<ConsumeResponse["event"]>): Uint8Array {
  return encodeMessage(ConsumeResponse, { event });
}
