import type { HeaderList, Http2Stream, StreamEvents } from "@prism-data/transport";
import { bodyTooLarge, type HttpResponse, type Transcoder } from "../transcoding/transcoder.js";

/** A plain HTTP request over HTTP/2: its body is collected, then answered whole. */
export class Http2Exchange implements StreamEvents {
  readonly #stream: Http2Stream;
  readonly #head: { method: string; path: string; headers: HeaderList };
  readonly #options: { transcoder: Transcoder; bodyBytesMax: number };
  readonly #aborted = new AbortController();
  readonly #chunks: Buffer[] = [];
  #sizeBytes = 0;
  #phase: "reading" | "answering" | "ended" = "reading";

  constructor(
    stream: Http2Stream,
    head: { method: string; path: string; headers: HeaderList },
    options: { transcoder: Transcoder; bodyBytesMax: number },
  ) {
    this.#stream = stream;
    this.#head = head;
    this.#options = options;
  }

  onHeaders(): void {}

  onData(data: Buffer, endStream: boolean): void {
    if (this.#phase !== "reading") return;
    this.#chunks.push(data);
    this.#sizeBytes += data.length;
    this.#stream.releaseWindow(data.length);
    if (this.#sizeBytes > this.#options.bodyBytesMax) this.#send(bodyTooLarge(this.#options.bodyBytesMax));
    else if (endStream) void this.#answer();
  }

  onTrailers(): void {
    this.onData(Buffer.alloc(0), true);
  }

  onWritable(): void {}

  onReset(): void {
    this.#phase = "ended";
    this.#aborted.abort();
  }

  async #answer(): Promise<void> {
    this.#phase = "answering";
    const body = Buffer.concat(this.#chunks.splice(0));
    const response = await this.#options.transcoder.answer({ ...this.#head, body }, this.#aborted.signal);
    if (!this.#aborted.signal.aborted) this.#send(response);
  }

  #send({ status, headers, body }: HttpResponse): void {
    this.#phase = "ended";
    const isHead = this.#head.method === "HEAD";
    this.#stream.sendHeaders([":status", String(status), ...headers], isHead);
    if (!isHead) this.#stream.sendData(typeof body === "string" ? Buffer.from(body) : body, true);
  }
}
