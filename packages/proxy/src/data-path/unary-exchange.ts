import {
  decodeStatusMessage,
  encodeTimeout,
  frameMessage,
  GrpcCode,
  type HeaderList,
  Http2ErrorCode,
  headerValue,
  type StreamEvents,
  statusTrailers,
} from "@prism-data/transport";
import type { UnaryRequest, UnaryResponse } from "../transcoding/transcoder.js";
import type { ByteBudget } from "./byte-budget.js";
import type { Downstream } from "./call.js";
import { answersTooLarge, answerTooLarge, compressedAnswer } from "./call-failures.js";
import type { Failure } from "./failure.js";
import { grpcStatusOf } from "./peer-status.js";

/** Serves a gRPC request, whatever is behind it. */
export type OpenStream = (
  downstream: Downstream,
  headers: HeaderList,
  endStream: boolean,
  principal: string | undefined,
) => StreamEvents;

const prefixBytes = 5;
const givenUp: HeaderList = statusTrailers(GrpcCode.CANCELLED, "the call was given up");

/** A unary call made inside the process: it takes the way of every gRPC call, with this in place of an app's stream. Never rejects. */
export function callUnary(
  open: OpenStream,
  request: UnaryRequest,
  options: { answerBytesMax: number; budget: ByteBudget; signal: AbortSignal },
): Promise<UnaryResponse> {
  const exchange = new UnaryExchange(options);
  const headers = [":method", "POST", ":scheme", "http", ":path", request.path, "te", "trailers"];
  headers.push("content-type", "application/grpc");
  if (request.timeoutMs !== undefined) headers.push("grpc-timeout", encodeTimeout(request.timeoutMs));
  exchange.events = open(exchange, [...headers, ...request.metadata], false, request.principal);
  options.signal.addEventListener("abort", () => exchange.cancel(), { once: true });
  exchange.events.onData(frameMessage(request.message), true);
  return exchange.response;
}

class UnaryExchange implements Downstream {
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
    const code = grpcStatusOf(trailers);
    const failure = code === 0 ? faultOf(answer) : undefined;
    const status = failure?.trailers ?? trailers;
    const details = headerValue(status, "grpc-status-details-bin");
    this.#response.resolve({
      code: failure?.code ?? code,
      statusMessage: decodeStatusMessage(headerValue(status, "grpc-message") ?? ""),
      details: details === undefined ? undefined : Buffer.from(details, "base64"),
      message: answer.subarray(prefixBytes),
      headers: metadataOf(this.#headers),
      trailers: metadataOf(trailers),
    });
  }
}

function faultOf(answer: Buffer): Failure | undefined {
  const isOneMessage = answer.length >= prefixBytes && answer.readUInt32BE(1) === answer.length - prefixBytes;
  return isOneMessage && answer[0] === 0 ? undefined : compressedAnswer();
}

function metadataOf(headers: HeaderList): HeaderList {
  const metadata: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!;
    const isProtocols = name.startsWith(":") || name.startsWith("grpc-") || name.startsWith("content-");
    if (!isProtocols) metadata.push(name, headers[at + 1]!);
  }
  return metadata;
}
