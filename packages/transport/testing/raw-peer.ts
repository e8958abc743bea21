import type { Duplex } from "node:stream";
import { clientPreface, FrameFlag, FrameType, frameHeaderBytes, writeFrameHeader } from "../src/frame.js";
import { HpackDecoder } from "../src/hpack-decoder.js";

export interface RawFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

export function rawFrame(type: number, flags: number, streamId: number, payload: Uint8Array | string = ""): Buffer {
  const bytes = typeof payload === "string" ? Buffer.from(payload, "latin1") : payload;
  const frame = Buffer.alloc(frameHeaderBytes + bytes.length);
  writeFrameHeader(frame, 0, bytes.length, type, flags, streamId);
  frame.set(bytes, frameHeaderBytes);
  return frame;
}

export function uint32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [position, value] of values.entries()) bytes.writeUInt32BE(value >>> 0, 4 * position);
  return bytes;
}

/** One setting, RFC 9113 section 6.5.1. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

/** A header block of literals without indexing. */
export function literalBlock(list: readonly string[]): Buffer {
  const pieces: Buffer[] = [];
  for (let i = 0; i < list.length; i += 2) {
    pieces.push(Buffer.from([0]), text(list[i]!), text(list[i + 1]!));
  }
  return Buffer.concat(pieces);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  const length: number[] = [127];
  let rest = bytes.length - 127;
  for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
  return Buffer.concat([Buffer.from([...length, rest]), bytes]);
}

export const requestHeaders = [":method", "POST", ":scheme", "http", ":path", "/", ":authority", "test"];

export function headersFrame(streamId: number, list: readonly string[], flags: number = FrameFlag.END_HEADERS): Buffer {
  return rawFrame(FrameType.HEADERS, flags, streamId, literalBlock(list));
}

export const endHeaders = FrameFlag.END_HEADERS;
export const endBoth = FrameFlag.END_HEADERS | FrameFlag.END_STREAM;

/** A peer that says exactly what a test tells it to, and collects the frames it gets. */
export class RawPeer {
  readonly #socket: Duplex;
  readonly #decoder = new HpackDecoder(4096, 1024 * 1024);
  readonly frames: RawFrame[] = [];
  #pending = Buffer.alloc(0);
  #prefaceLeft: number;
  #taken = 0;
  #ended = false;
  #wake: () => void = () => {};

  constructor(socket: Duplex, role: "client" | "server") {
    this.#socket = socket;
    this.#prefaceLeft = role === "server" ? clientPreface.length : 0;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("close", () => this.#onEnd());
    socket.on("end", () => this.#onEnd());
    socket.on("error", () => this.#onEnd());
  }

  /** The preface and SETTINGS of its role. */
  hello(settings: Uint8Array = Buffer.alloc(0), role: "client" | "server" = "client"): void {
    if (role === "client") this.send(clientPreface);
    this.send(rawFrame(FrameType.SETTINGS, 0, 0, settings));
  }

  send(...bytes: Uint8Array[]): void {
    this.#socket.write(Buffer.concat(bytes));
  }

  close(): void {
    this.#socket.destroy();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** The next frame of the type, passing over others; undefined when the other side closed instead. */
  async next(type: number, streamId?: number): Promise<RawFrame | undefined> {
    for (;;) {
      while (this.#taken < this.frames.length) {
        const frame = this.frames[this.#taken++]!;
        if (frame.type === type && (streamId === undefined || frame.streamId === streamId)) return frame;
      }
      if (this.#ended) return undefined;
      await this.#more();
    }
  }

  async errorCodeOf(type: number, streamId?: number): Promise<number | undefined> {
    const frame = await this.next(type, streamId);
    return frame?.payload.readUInt32BE(type === FrameType.GOAWAY ? 4 : 0);
  }

  /** The list in a HEADERS frame; frames must be decoded in the order they came. */
  decode(frame: RawFrame): readonly string[] {
    return this.#decoder.decode(frame.payload, 0, frame.payload.length).headers;
  }

  async untilEnd(): Promise<void> {
    while (!this.#ended) await this.#more();
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #onEnd(): void {
    this.#ended = true;
    this.#wake();
  }

  #onData(chunk: Buffer): void {
    const skipped = Math.min(this.#prefaceLeft, chunk.length);
    this.#prefaceLeft -= skipped;
    this.#pending = Buffer.concat([this.#pending, chunk.subarray(skipped)]);
    while (this.#pending.length >= frameHeaderBytes) {
      const end = frameHeaderBytes + this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < end) break;
      const [type, flags] = [this.#pending[3]!, this.#pending[4]!];
      const streamId = this.#pending.readUInt32BE(5);
      this.frames.push({ type, flags, streamId, payload: this.#pending.subarray(frameHeaderBytes, end) });
      this.#pending = this.#pending.subarray(end);
    }
    this.#wake();
  }
}
