import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import { messageSizeBytes } from "../../patterns/messaging/message-size.js";
import type { Room } from "../../patterns/messaging/outlet.js";
import type { RecordOutlet, StreamRecord } from "../../patterns/stream/stream.js";
import type { StreamTypes } from "../../patterns/stream/stream-kind.js";
import { ReadRequest, ReadResponse } from "../gen/prism/stream/v1/stream.js";
import { encodeMessage } from "../message.js";
import { MessageOutlet } from "../messaging/message-outlet.js";
import type { MethodEnvironment } from "../pattern/pattern-method.js";
import { firstMessage, rejectedOnAbort, streamMethod } from "../pattern/stream-method.js";
import { ServerCallContext } from "../server-call-context.js";
import { checkedRead } from "./checked-requests.js";
import { encodeReadRecords } from "./record-encoder.js";

/** The method that reads without a group. */
export const readMethods = { Read: streamMethod(serveRead) };

/** Serves one Read call until the end of what was asked for, or until the caller leaves, the binding ends or the log throws. */
async function serveRead(call: StreamingServerCall, { resolve }: MethodEnvironment<StreamTypes>): Promise<void> {
  const wireRequest = await firstMessage(call, ReadRequest, "prism.stream.v1.ReadRequest");
  const bound = resolve(wireRequest.namespace, call);
  const request = checkedRead(bound, wireRequest);
  const signal = AbortSignal.any([call.signal, bound.closed]);
  const feed = new RecordFeed(call, signal);
  const context = new ServerCallContext(bound.namespace, call, signal);
  await Promise.race([bound.pattern.read(request, feed, context), rejectedOnAbort(signal)]);
  signal.throwIfAborted();
  if (!request.follow || (request.limit !== undefined && feed.sent >= request.limit)) return;
  throw new GatewayError(
    "BACKEND_FAILED",
    `The plugin ended the read of namespace ${JSON.stringify(bound.namespace)} by itself. Read again from after the last record.`,
  );
}

/** Sends what a plugin reads to one app. */
class RecordFeed implements RecordOutlet {
  readonly #outlet: MessageOutlet<StreamRecord>;
  #hasCaughtUp = false;
  /** How many records were sent. */
  sent = 0n;

  constructor(call: StreamingServerCall, signal: AbortSignal) {
    this.#outlet = new MessageOutlet({
      call,
      signal,
      sizeBytesOf: ({ message }) => messageSizeBytes(message),
      encode: encodeReadRecords,
    });
  }

  room(): Promise<Room> {
    return this.#outlet.room();
  }

  send(records: readonly StreamRecord[]): void {
    this.sent += BigInt(records.length);
    this.#outlet.send(records);
  }

  caughtUp(): void {
    if (this.#hasCaughtUp) return;
    this.#hasCaughtUp = true;
    this.#outlet.tell(encodeMessage(ReadResponse, { records: [], caughtUp: true }));
  }
}
