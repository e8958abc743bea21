import type { StreamingServerCall } from "@prism-data/transport";

/** How far the reader of a feed may fall behind: what it may hold of the plugin's memory. */
export interface FeedOptions {
  readonly bufferedBytesMax: number;
  readonly bufferedMessagesMax: number;
  /** Called once, when the reader has fallen further behind; nothing more is sent. */
  onOverflow(): void;
}

/** Sends the messages of a stream at the reader's pace, and gives up when the reader falls too far behind. Never blocks. */
export class MessageFeed {
  readonly #call: StreamingServerCall;
  readonly #options: FeedOptions;
  #state: "flowing" | "waiting" | "ended" = "flowing";
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;

  constructor(call: StreamingServerCall, options: FeedOptions) {
    this.#call = call;
    this.#options = options;
  }

  send(message: Uint8Array): void {
    if (this.#state === "ended") return;
    if (this.#state === "flowing") {
      if (!this.#call.write(message)) this.#wait();
      return;
    }
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    const { bufferedBytesMax, bufferedMessagesMax } = this.#options;
    if (this.#queue.length <= bufferedMessagesMax && this.#queuedBytes <= bufferedBytesMax) return;
    this.end();
    this.#options.onOverflow();
  }

  /** Sends nothing more. */
  end(): void {
    this.#state = "ended";
    this.#queue = [];
    this.#queuedBytes = 0;
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
}
