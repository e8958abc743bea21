import type { StreamingServerCall } from "@prism-data/transport";
import { GatewayError } from "../../errors.js";
import type { Change, ChangeSink } from "../../patterns/key-value/key-value.js";
import { WatchResponse } from "../gen/prism/keyvalue/v1/keyvalue.js";
import { encodeMessage } from "../message.js";
import { watchBufferBytesMax, watchBufferChangesMax } from "./key-value-bounds.js";
import { wireChange } from "./wire-answers.js";

/** Sends a watch's events at the reader's pace, and gives up when the reader falls too far behind. */
export class ChangeFeed implements ChangeSink {
  readonly #call: StreamingServerCall;
  readonly #onOverflow: (error: GatewayError) => void;
  #state: "flowing" | "waiting" | "ended" = "flowing";
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;

  constructor(call: StreamingServerCall, onOverflow: (error: GatewayError) => void) {
    this.#call = call;
    this.#onOverflow = onOverflow;
  }

  started(): void {
    this.#send({ event: { $case: "started", value: {} } });
  }

  change(change: Change): void {
    this.#send({ event: { $case: "change", value: wireChange(change) } });
  }

  /** Sends nothing more. */
  end(): void {
    this.#state = "ended";
    this.#queue = [];
    this.#queuedBytes = 0;
  }

  #send(response: WatchResponse): void {
    if (this.#state === "ended") return;
    const message = encodeMessage(WatchResponse, response);
    if (this.#state === "flowing") {
      if (!this.#call.write(message)) this.#wait();
      return;
    }
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    if (this.#queue.length > watchBufferChangesMax || this.#queuedBytes > watchBufferBytesMax) this.#overflow();
  }

  #wait(): void {
    this.#state = "waiting";
    this.#call.writable().then(
      () => this.#flush(),
      () => this.end(),
    );
  }

  #flush(): void {
    if (this.#state === "ended") return;
    this.#state = "flowing";
    let sent = 0;
    for (const message of this.#queue) {
      sent++;
      this.#queuedBytes -= message.length;
      if (!this.#call.write(message)) {
        this.#wait();
        break;
      }
    }
    this.#queue.splice(0, sent);
  }

  #overflow(): void {
    this.end();
    this.#onOverflow(
      new GatewayError(
        "WATCH_OVERFLOW",
        `The watcher fell more than ${watchBufferBytesMax} bytes or ${watchBufferChangesMax} changes behind. ` +
          "Read the current state, watch again, and read the changes faster.",
      ),
    );
  }
}
