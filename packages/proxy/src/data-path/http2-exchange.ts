import type { Http2Stream, StreamEvents } from "@prism-data/transport";
import { type BodyLimits, HttpBody } from "../transcoding/http-body.js";
import type { HttpRequest, HttpResponse, Transcoder } from "../transcoding/transcoder.js";

/** A plain HTTP request over HTTP/2: its body is collected, then answered whole. */
export class Http2Exchange implements StreamEvents {
  readonly #stream: Http2Stream;
  readonly #head: Omit<HttpRequest, "body">;
  readonly #transcoder: Transcoder;
  readonly #aborted = new AbortController();
  readonly #body: HttpBody;
  #phase: "reading" | "answering" | "ended" = "reading";

  constructor(
    stream: Http2Stream,
    head: Omit<HttpRequest, "body">,
    options: { transcoder: Transcoder; body: BodyLimits },
  ) {
    this.#stream = stream;
    this.#head = head;
    this.#transcoder = options.transcoder;
    this.#body = new HttpBody(options.body);
  }

  onHeaders(): void {}

  onData(data: Buffer, endStream: boolean): void {
    if (this.#phase !== "reading") return;
    this.#stream.releaseWindow(data.length);
    const refused = this.#body.add(data);
    if (refused !== undefined) this.#send(refused);
    else if (endStream) void this.#answer();
  }

  onTrailers(): void {
    this.onData(Buffer.alloc(0), true);
  }

  onWritable(): void {}

  onReset(): void {
    this.#phase = "ended";
    this.#body.release();
    this.#aborted.abort();
  }

  async #answer(): Promise<void> {
    this.#phase = "answering";
    const request = { ...this.#head, body: this.#body.bytes() };
    const response = await this.#transcoder.answer(request, this.#aborted.signal);
    if (!this.#aborted.signal.aborted) this.#send(response);
  }

  #send({ status, headers, body }: HttpResponse): void {
    this.#phase = "ended";
    this.#body.release();
    const isHead = this.#head.method === "HEAD";
    this.#stream.sendHeaders([":status", String(status), ...headers], isHead);
    if (!isHead) this.#stream.sendData(typeof body === "string" ? Buffer.from(body) : body, true);
  }
}
