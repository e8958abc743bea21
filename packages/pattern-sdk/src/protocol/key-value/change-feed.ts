import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import type { Change, ChangeSink } from "../../patterns/key-value/key-value.js";
import { WatchResponse } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../message.js";
import { MessageFeed } from "../pattern/message-feed.js";
import { watchBufferBytesMax, watchBufferChangesMax } from "./key-value-bounds.js";
import { wireChange } from "./wire-answers.js";

/** Sends a watch's events at the reader's pace, and gives up when the reader falls too far behind. */
export class ChangeFeed implements ChangeSink {
  readonly #feed: MessageFeed;

  constructor(call: StreamingServerCall, onOverflow: (error: GatewayError) => void) {
    this.#feed = new MessageFeed(call, {
      bufferedBytesMax: watchBufferBytesMax,
      bufferedMessagesMax: watchBufferChangesMax,
      onOverflow: () => onOverflow(overflowError()),
    });
  }

  started(): void {
    this.#send({ event: { $case: "started", value: {} } });
  }

  change(change: Change): void {
    this.#send({ event: { $case: "change", value: wireChange(change) } });
  }

  /** Sends nothing more. */
  end(): void {
    this.#feed.end();
  }

  #send(response: WatchResponse): void {
    this.#feed.send(encodeMessage(WatchResponse, response));
  }
}

function overflowError(): GatewayError {
  return new GatewayError(
    "WATCH_OVERFLOW",
    `The watcher fell more than ${watchBufferBytesMax} bytes or ${watchBufferChangesMax} changes behind. ` +
      "Read the current state, watch again, and read the changes faster.",
  );
}
