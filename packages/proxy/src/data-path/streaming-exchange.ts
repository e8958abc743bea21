import { type HeaderList, Http2ErrorCode, MessageReader, type StreamEvents } from "@prism-data/transport";
import type { CallRequest, StreamingResponse } from "../transcoding/transcoder.js";
import { compressedAnswer } from "./call-failures.js";
import { downstreamHighWaterBytes } from "./limits.js";
import {
  callStatus,
  givenUp,
  type OpenStream,
  openCall,
  ownMetadata,
  type TranscodedExchange,
} from "./transcoded-call.js";

/** A call that is answered with many messages, made inside the process. Settles when the answer has begun, or ended; never rejects. */
export function callStreaming(
  open: OpenStream,
  request: CallRequest,
  options: { messageBytesMax: number; signal: AbortSignal },
): Promise<StreamingResponse> {
  const exchange = new StreamingExchange(options.messageBytesMax);
  openCall(open, exchange, request, options.signal);
  return exchange.response;
}

/** Hands the messages of an answer on at the pace of whoever reads them. */
class StreamingExchange implements TranscodedExchange {
  events: StreamEvents | undefined;
  /** Of messages that wait to be read. */
  bufferedBytes = 0;
  readonly #reader: MessageReader;
  readonly #response = Promise.withResolvers<StreamingResponse>();
  #messages: Uint8Array[] = [];
  #trailers: HeaderList | undefined;
  #wake: (() => void) | undefined;

  constructor(messageBytesMax: number) {
    this.#reader = new MessageReader(messageBytesMax);
  }

  get response(): Promise<StreamingResponse> {
    return this.#response.promise;
  }

  sendHeaders(headers: HeaderList, endStream: boolean): void {
    if (endStream) this.#finish(headers);
    this.#begin(headers);
  }

  relayData(data: Buffer): boolean {
    try {
      this.#reader.read(data, ({ compressed, message }) => {
        if (compressed) throw compressedAnswer();
        this.#messages.push(message);
        this.bufferedBytes += message.length;
      });
    } catch {
      this.#finish(compressedAnswer().trailers);
      this.events?.onReset(Http2ErrorCode.CANCEL);
    }
    this.#wake?.();
    return this.bufferedBytes < downstreamHighWaterBytes;
  }

  sendData(data: Buffer): boolean {
    return this.relayData(data);
  }

  sendTrailers(trailers: HeaderList): void {
    this.#finish(trailers);
  }

  reset(): void {
    this.#finish(givenUp);
  }

  cancel(): void {
    this.events?.onReset(Http2ErrorCode.CANCEL);
    this.#finish(givenUp);
  }

  releaseWindow(): void {}

  #begin(headers: HeaderList): void {
    const messages = this.#read();
    this.#response.resolve({
      headers: ownMetadata(headers),
      messages,
      status: () => callStatus(this.#trailers ?? givenUp),
    });
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        yield message;
        this.bufferedBytes -= message.length;
        if (this.#messages.length === 0) this.events?.onWritable();
      } else if (this.#trailers !== undefined) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }

  #finish(trailers: HeaderList): void {
    this.#trailers ??= trailers;
    this.#begin([]);
    this.#wake?.();
  }
}
