/** One frame; of DATA only how long it is. */
export interface ScannedFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly lengthBytes: number;
  /** Changes with the next frame. */
  readonly payload: Buffer;
}

const headerBytes = 9;
/** What nobody here sends more of, but as DATA. */
const payloadBytesMax = 16 * 1024;
const dataType = 0;

/** Cuts what is read into frames, and keeps and makes nothing: collecting it would be measured with the rest. */
export class FrameScanner {
  readonly #onFrame: (frame: ScannedFrame) => void;
  readonly #header = Buffer.alloc(headerBytes);
  readonly #payload = Buffer.alloc(payloadBytesMax);
  #headerHad = 0;
  #payloadLeft = 0;

  constructor(onFrame: (frame: ScannedFrame) => void) {
    this.#onFrame = onFrame;
  }

  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      at += this.#headerHad < headerBytes ? this.#readHeader(bytes, at) : this.#readPayload(bytes, at);
      if (this.#headerHad === headerBytes && this.#payloadLeft === 0) this.#complete();
    }
  }

  #readHeader(bytes: Buffer, at: number): number {
    const taken = bytes.copy(this.#header, this.#headerHad, at);
    this.#headerHad += taken;
    if (this.#headerHad === headerBytes) this.#payloadLeft = this.#lengthBytes();
    return taken;
  }

  #readPayload(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#payloadLeft, bytes.length - at);
    if (this.#header[3] !== dataType)
      bytes.copy(this.#payload, this.#lengthBytes() - this.#payloadLeft, at, at + taken);
    this.#payloadLeft -= taken;
    return taken;
  }

  #complete(): void {
    this.#headerHad = 0;
    const [type = 0, flags = 0] = this.#header.subarray(3);
    const lengthBytes = this.#lengthBytes();
    const payload = this.#payload.subarray(0, type === dataType ? 0 : lengthBytes);
    this.#onFrame({ type, flags, streamId: this.#header.readUInt32BE(5), lengthBytes, payload });
  }

  #lengthBytes(): number {
    return this.#header.readUIntBE(0, 3);
  }
}
