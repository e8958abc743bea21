import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameFlag, FrameType, frame, frameHeader, hello, setting, uint32 } from "../http2-frames.ts";
import { FrameScanner, type ScannedFrame } from "./frame-scanner.ts";

/** A call that can be made many times. */
export interface LightCall {
  /** The block of its request headers. */
  readonly headers: Buffer;
  /** Its message with the prefix. */
  readonly body: Buffer;
  /** So much comes back when all is well. */
  readonly answerBytesMin: number;
}

interface OpenStream {
  readonly id: number;
  readonly call: LightCall;
  readonly ended: PromiseWithResolvers<void>;
  sentBytes: number;
  windowBytes: number;
  receivedBytes: number;
  uncreditedBytes: number;
}

const { DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE } = FrameType;
const { END_HEADERS, END_STREAM } = FrameFlag;
const ack = 0x1;
/** RFC 9113 section 6.5.2. */
const initialWindowSetting = 4;
const kib = 1024;
const frameBytesMax = 16 * kib;
const readBytes = 256 * kib;
const windowBytes = 256 * kib;
const connectionWindowBytes = 2 ** 30;

/**
 * An HTTP/2 connection that makes gRPC calls and does no more than it must, so that what is measured is the other side. That a call
 * succeeded is seen by the size of its answer.
 */
export class LightConnection implements Disposable {
  readonly #socket: Socket;
  readonly #streams = new Map<number, OpenStream>();
  #nextId = 1;
  #windowBytes = 65_535;
  #initialWindowBytes = 65_535;

  private constructor(host: string, port: number) {
    const scanner = new FrameScanner((received) => this.#onFrame(received));
    const buffer = Buffer.alloc(readBytes);
    const onread = {
      buffer,
      callback: (sizeBytes: number) => {
        scanner.push(buffer.subarray(0, sizeBytes));
        return true;
      },
    };
    this.#socket = connect({ host, port, noDelay: true, onread });
    this.#socket
      .on("error", (error) => this.#endAll(error))
      .on("close", () => this.#endAll(new Error("it was closed")));
    this.#socket.write(hello(setting(initialWindowSetting, windowBytes)));
    this.#socket.write(frame(WINDOW_UPDATE, 0, 0, uint32(connectionWindowBytes)));
  }

  static async open(address: string): Promise<LightConnection> {
    const [host = "", port = ""] = address.split(":");
    const connection = new LightConnection(host, Number(port));
    await once(connection.#socket, "connect");
    return connection;
  }

  /** Rejects when the stream was reset, or answered with too little. */
  call(call: LightCall): Promise<void> {
    const stream: OpenStream = {
      ...{ id: this.#nextId, call, ended: Promise.withResolvers<void>(), windowBytes: this.#initialWindowBytes },
      ...{ sentBytes: 0, receivedBytes: 0, uncreditedBytes: 0 },
    };
    this.#nextId += 2;
    this.#streams.set(stream.id, stream);
    this.#socket.cork();
    this.#socket.write(frame(HEADERS, END_HEADERS, stream.id, call.headers));
    this.#send([stream]);
    this.#socket.uncork();
    return stream.ended.promise;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #send(streams: Iterable<OpenStream>): void {
    this.#socket.cork();
    for (const stream of streams) this.#sendBody(stream);
    this.#socket.uncork();
  }

  #sendBody(stream: OpenStream): void {
    const { id, call } = stream;
    while (stream.sentBytes < call.body.length) {
      const leftBytes = call.body.length - stream.sentBytes;
      const sizeBytes = Math.min(frameBytesMax, leftBytes, stream.windowBytes, this.#windowBytes);
      if (sizeBytes <= 0) return;
      const piece = call.body.subarray(stream.sentBytes, stream.sentBytes + sizeBytes);
      this.#socket.write(frameHeader(DATA, sizeBytes === leftBytes ? END_STREAM : 0, id, sizeBytes));
      this.#socket.write(piece);
      stream.sentBytes += sizeBytes;
      stream.windowBytes -= sizeBytes;
      this.#windowBytes -= sizeBytes;
    }
  }

  #onFrame({ type, flags, streamId, lengthBytes, payload }: ScannedFrame): void {
    const stream = this.#streams.get(streamId);
    if (type === DATA && stream !== undefined) this.#onData(stream, lengthBytes);
    if (type === SETTINGS && (flags & ack) === 0) this.#onSettings(payload);
    if (type === PING && (flags & ack) === 0) this.#socket.write(frame(PING, ack, 0, payload));
    if (type === WINDOW_UPDATE) this.#onWindowUpdate(stream, payload.readUInt32BE());
    if (type === GOAWAY) this.#endAll(new Error(`GOAWAY with code ${payload.readUInt32BE(4)}`));
    if (stream === undefined) return;
    if (type === RST_STREAM) this.#end(stream, new Error(`RST_STREAM with code ${payload.readUInt32BE()}`));
    if ((type === HEADERS || type === DATA) && (flags & END_STREAM) !== 0) this.#end(stream, faultOf(stream));
  }

  #onData(stream: OpenStream, sizeBytes: number): void {
    stream.receivedBytes += sizeBytes;
    stream.uncreditedBytes += sizeBytes;
    if (stream.uncreditedBytes * 2 < windowBytes) return;
    this.#socket.write(frame(WINDOW_UPDATE, 0, 0, uint32(stream.uncreditedBytes)));
    this.#socket.write(frame(WINDOW_UPDATE, 0, stream.id, uint32(stream.uncreditedBytes)));
    stream.uncreditedBytes = 0;
  }

  #onSettings(payload: Buffer): void {
    for (let at = 0; at < payload.length; at += 6) {
      if (payload.readUInt16BE(at) === initialWindowSetting) this.#setInitialWindow(payload.readUInt32BE(at + 2));
    }
    this.#socket.write(frame(SETTINGS, ack, 0));
  }

  #setInitialWindow(sizeBytes: number): void {
    for (const stream of this.#streams.values()) stream.windowBytes += sizeBytes - this.#initialWindowBytes;
    this.#initialWindowBytes = sizeBytes;
    this.#send(this.#streams.values());
  }

  #onWindowUpdate(stream: OpenStream | undefined, sizeBytes: number): void {
    if (stream === undefined) this.#windowBytes += sizeBytes;
    else stream.windowBytes += sizeBytes;
    this.#send(stream === undefined ? this.#streams.values() : [stream]);
  }

  #end(stream: OpenStream, fault: Error | undefined): void {
    this.#streams.delete(stream.id);
    if (fault === undefined) stream.ended.resolve();
    else stream.ended.reject(fault);
  }

  #endAll(fault: Error): void {
    for (const stream of this.#streams.values()) this.#end(stream, fault);
  }
}

function faultOf({ call, receivedBytes }: OpenStream): Error | undefined {
  if (receivedBytes >= call.answerBytesMin) return undefined;
  return new Error(`an answer of ${receivedBytes} bytes, where ${call.answerBytesMin} were to come`);
}
