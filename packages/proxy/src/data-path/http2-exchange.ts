import {
  type DeadlineWheel,
  type Expiring,
  Http2ErrorCode,
  type Http2Stream,
  type StreamEvents,
} from "@prism-data/transport";
import { type BodyLimits, bodiesTooLarge, HttpBody, requestTooSlow } from "../transcoding/http-body.js";
import type { HttpRequest, HttpResponse, HttpStream, Transcoder } from "../transcoding/transcoder.js";

/** What serves plain HTTP requests. */
export interface HttpServing {
  readonly transcoder: Transcoder;
  readonly body: BodyLimits;
  readonly wheel: DeadlineWheel;
}

/**
 * - `reading`: the request comes in
 * - `answering`: the call is made, which has its own deadline
 * - `sending`: the answer goes out as fast as it is read
 * - `streaming`: lines go out as they come, as fast as they are read
 */
type Phase = "reading" | "answering" | "sending" | "streaming" | "ended";

/** The stream is given an answer in pieces, so that most of one that is not read stays on the budget. */
const pieceBytes = 64 * 1024;

/** A plain HTTP request over HTTP/2: its body is collected, then answered, whole or in lines. */
export class Http2Exchange implements StreamEvents {
  readonly #stream: Http2Stream;
  readonly #head: Omit<HttpRequest, "body">;
  readonly #serving: HttpServing;
  readonly #aborted = new AbortController();
  readonly #body: HttpBody;
  #phase: Phase = "reading";
  #deadline: Expiring;
  /** What of the answer is still to be sent; its size is taken from the budget until all of it is. */
  #answer = Buffer.alloc(0);
  #answerBytes = 0;
  /** Lets the lines go on. */
  #writable: (() => void) | undefined;

  constructor(stream: Http2Stream, head: Omit<HttpRequest, "body">, serving: HttpServing) {
    this.#stream = stream;
    this.#head = head;
    this.#serving = serving;
    this.#body = new HttpBody(serving.body);
    this.#deadline = this.#expireWith(() => this.#send(requestTooSlow()));
  }

  onHeaders(): void {}

  onData(data: Buffer, endStream: boolean): void {
    if (this.#phase !== "reading") return;
    this.#stream.releaseWindow(data.length);
    const refused = this.#body.add(data);
    if (refused !== undefined) this.#send(refused);
    else if (endStream) void this.#call();
  }

  onTrailers(): void {
    this.onData(Buffer.alloc(0), true);
  }

  onWritable(): void {
    this.#writable?.();
    if (this.#phase !== "sending") return;
    for (;;) {
      const piece = this.#answer.subarray(0, pieceBytes);
      this.#answer = this.#answer.subarray(piece.length);
      const isLast = this.#answer.length === 0;
      const isWritable = this.#stream.sendData(piece, isLast);
      if (isLast) this.#end();
      if (isLast || !isWritable) return;
    }
  }

  onReset(): void {
    this.#end();
    this.#aborted.abort();
    this.#writable?.();
  }

  async #call(): Promise<void> {
    this.#phase = "answering";
    this.#serving.wheel.remove(this.#deadline);
    const request = { ...this.#head, body: this.#body.bytes() };
    const response = await this.#serving.transcoder.answer(request, this.#aborted.signal);
    if (this.#aborted.signal.aborted) return;
    if ("lines" in response) await this.#sendLines(response);
    else this.#send(response);
  }

  async #sendLines({ status, headers, lines }: HttpStream): Promise<void> {
    this.#end();
    this.#phase = "streaming";
    this.#stream.sendHeaders([":status", String(status), ...headers], false);
    for await (const line of lines) {
      if (this.#aborted.signal.aborted) return;
      if (!this.#stream.sendData(Buffer.from(line), false)) await this.#readOn();
    }
    if (!this.#aborted.signal.aborted) this.#stream.sendData(Buffer.alloc(0), true);
  }

  /** Waits until the app has read, which may not take for ever, or is gone. */
  async #readOn(): Promise<void> {
    this.#deadline = this.#expireWith(() => {
      this.#giveUpUnread();
      this.onReset();
    });
    await new Promise<void>((resolve) => {
      this.#writable = resolve;
    });
    this.#serving.wheel.remove(this.#deadline);
  }

  #send(response: HttpResponse): void {
    this.#end();
    const { status, headers, body } = this.#affordable(response);
    const isHead = this.#head.method === "HEAD";
    this.#stream.sendHeaders([":status", String(status), ...headers], isHead);
    if (isHead) return;
    this.#phase = "sending";
    this.#answer = Buffer.from(body);
    this.#deadline = this.#expireWith(() => this.#giveUpUnread());
    this.onWritable();
  }

  /** The response, or when the budget has no room for it until it is read, the one that says so. */
  #affordable(response: HttpResponse): HttpResponse {
    const sizeBytes = Buffer.byteLength(response.body);
    if (!this.#serving.body.budget.tryTake(sizeBytes)) return bodiesTooLarge();
    this.#answerBytes = sizeBytes;
    return response;
  }

  #giveUpUnread(): void {
    this.#stream.reset(Http2ErrorCode.ENHANCE_YOUR_CALM);
    this.#end();
  }

  #expireWith(onDeadline: () => void): Expiring {
    const { wheel, body } = this.#serving;
    return wheel.addTimeout(body.requestTimeoutMs, onDeadline);
  }

  /** Nothing is held any more. */
  #end(): void {
    this.#phase = "ended";
    this.#serving.wheel.remove(this.#deadline);
    this.#body.release();
    this.#serving.body.budget.giveBack(this.#answerBytes);
    this.#answerBytes = 0;
    this.#answer = Buffer.alloc(0);
  }
}
