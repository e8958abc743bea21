import type { HeaderList, Http2Stream, RequestHeaders, StreamEvents } from "@prism-data/transport";
import type { BackendLink } from "./backend-link.js";
import { grownUpstreamWindowBytes, upstreamWindowBytes } from "./limits.js";

/** What a call hears of its leg. */
export interface LegEvents {
  onUpstreamHeaders(headers: HeaderList, endStream: boolean): void;
  onUpstreamData(data: Buffer, endStream: boolean): void;
  onUpstreamTrailers(trailers: HeaderList): void;
  onUpstreamWritable(): void;
  onUpstreamReset(link: BackendLink, errorCode: number): void;
}

/** The plugin's side of a call, once for each time that it is sent: its stream, and what the plugin may still send on it. */
export class UpstreamLeg implements StreamEvents {
  readonly link: BackendLink;
  readonly stream: Http2Stream;
  readonly #call: LegEvents;
  /** Of an answer that may still be made again: nothing of it went to the app. */
  keptHeaders: HeaderList | undefined;
  /** Bytes that the plugin gets no credit for until the app takes more. */
  #withheldBytes = 0;
  #receivedBytes = 0;
  #hasGrown = false;

  /** Sends the call. Throws ConnectionClosedError when the plugin takes none. */
  constructor(call: LegEvents, link: BackendLink, headers: RequestHeaders, endStream: boolean) {
    this.#call = call;
    this.link = link;
    this.stream = link.request(headers, endStream, this);
  }

  /** The app takes more. One that reads a large answer gets a larger window, once, where it may grow. */
  credit(mayGrow: boolean): void {
    if (this.#withheldBytes === 0) return;
    const grows = mayGrow && !this.#hasGrown && this.#receivedBytes * 2 >= upstreamWindowBytes;
    this.#hasGrown ||= grows;
    if (grows) this.stream.growWindow(grownUpstreamWindowBytes - upstreamWindowBytes);
    const sizeBytes = this.#withheldBytes;
    this.#withheldBytes = 0;
    this.stream.releaseWindow(sizeBytes);
  }

  /** Gives the stream up: no event comes any more. */
  leave(): void {
    this.link.leave(this.stream);
  }

  onHeaders(headers: HeaderList, endStream: boolean): void {
    this.#call.onUpstreamHeaders(headers, endStream);
  }

  onData(data: Buffer, endStream: boolean): void {
    this.#receivedBytes += data.length;
    this.#withheldBytes += data.length;
    this.#call.onUpstreamData(data, endStream);
  }

  onTrailers(trailers: HeaderList): void {
    this.#call.onUpstreamTrailers(trailers);
  }

  onWritable(): void {
    this.#call.onUpstreamWritable();
  }

  onReset(errorCode: number): void {
    this.#call.onUpstreamReset(this.link, errorCode);
  }
}
