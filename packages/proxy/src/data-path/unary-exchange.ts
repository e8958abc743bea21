import { type HeaderList, Http2ErrorCode, type StreamEvents } from "@prism-data/transport";
import type { CallRequest, UnaryResponse } from "../transcoding/transcoder.js";
import type { ByteBudget } from "./byte-budget.js";
import { answersTooLarge, answerTooLarge, compressedAnswer } from "./call-failures.js";
import type { Failure } from "./failure.js";
import { grpcStatusOf } from "./peer-status.js";
import {
  callStatus,
  givenUp,
  type OpenStream,
  openCall,
  ownMetadata,
  type TranscodedExchange,
} from "./transcoded-call.js";

const prefixBytes = 5;

/** A unary call made inside the process: it takes the way of every gRPC call, with this in place of an app's stream. Never rejects. */
export function callUnary(
  open: OpenStream,
  request: CallRequest,
  options: { answerBytesMax: number; budget: ByteBudget; signal: AbortSignal },
): Promise<UnaryResponse> {
  const exchange = new UnaryExchange(options);
  openCall(open, exchange, request, options.signal);
  return exchange.response;
}

class UnaryExchange implements TranscodedExchange {
  readonly bufferedBytes = 0;
  events: StreamEvents | undefined;
  readonly #answerBytesMax: number;
  /** Answers that are being collected share it. */
  readonly #budget: ByteBudget;
  readonly #response = Promise.withResolvers<UnaryResponse>();
  #headers: HeaderList = [];
  readonly #chunks: Uint8Array[] = [];
  #sizeBytes = 0;

  constructor({ answerBytesMax, budget }: { answerBytesMax: number; budget: ByteBudget }) {
    this.#answerBytesMax = answerBytesMax;
    this.#budget = budget;
  }

  get response(): Promise<UnaryResponse> {
    return this.#response.promise;
  }

  sendHeaders(headers: HeaderList, endStream: boolean): void {
    if (endStream) {
      this.#finish(headers);
      return;
    }
    this.#headers = headers;
  }

  relayData(data: Uint8Array): boolean {
    return this.sendData(Buffer.from(data));
  }

  sendData(data: Uint8Array): boolean {
    if (this.#sizeBytes + data.length > this.#answerBytesMax + prefixBytes) {
      this.#giveUp(answerTooLarge(this.#answerBytesMax));
    } else if (this.#budget.tryTake(data.length)) {
      this.#sizeBytes += data.length;
      this.#chunks.push(data);
    } else {
      this.#giveUp(answersTooLarge());
    }
    return true;
  }

  sendTrailers(trailers: HeaderList): void {
    this.#finish(trailers);
  }

  reset(): void {
    this.#finish(givenUp);
  }

  /** Whoever asked is gone. */
  cancel(): void {
    this.events?.onReset(Http2ErrorCode.CANCEL);
    this.#finish(givenUp);
  }

  releaseWindow(): void {}

  /** Nothing more is wanted: as if the app had gone. */
  #giveUp(failure: Failure): void {
    this.#finish(failure.trailers);
    this.events?.onReset(Http2ErrorCode.CANCEL);
  }

  #finish(trailers: HeaderList): void {
    const answer = Buffer.concat(this.#chunks.splice(0));
    this.#budget.giveBack(this.#sizeBytes);
    this.#sizeBytes = 0;
    const failure = grpcStatusOf(trailers) === 0 ? faultOf(answer) : undefined;
    this.#response.resolve({
      ...callStatus(failure?.trailers ?? trailers),
      message: answer.subarray(prefixBytes),
      headers: ownMetadata(this.#headers),
      trailers: ownMetadata(trailers),
    });
  }
}

function faultOf(answer: Buffer): Failure | undefined {
  const isOneMessage = answer.length >= prefixBytes && answer.readUInt32BE(1) === answer.length - prefixBytes;
  return isOneMessage && answer[0] === 0 ? undefined : compressedAnswer();
}
