import { ConnectionFault, Http2ErrorCode } from "./error-code.js";

/** What the HEADERS frame of a block said. */
export interface HeaderSection {
  readonly streamId: number;
  readonly endStream: boolean;
  readonly selfDependent: boolean;
}

const none: HeaderSection = { streamId: 0, endStream: false, selfDependent: false };

/** RFC 9113 sections 4.3 and 6.10: collects a header block that comes in HEADERS and CONTINUATION frames. */
export class HeaderBlockAssembler {
  readonly #maxBytes: number;
  readonly #maxFrames: number;
  #section: HeaderSection = none;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(maxBytes: number, maxFrames: number) {
    this.#maxBytes = maxBytes;
    this.#maxFrames = maxFrames;
  }

  /** The stream whose block is being collected, 0 for none. */
  get streamId(): number {
    return this.#section.streamId;
  }

  /** Copies the piece: it is only lent, and the rest of the block comes with later reads. */
  begin(section: HeaderSection, piece: Buffer): void {
    this.#section = section;
    this.#pieces = [Buffer.from(piece)];
    this.#bytes = piece.length;
  }

  /** @throws ConnectionFault ENHANCE_YOUR_CALM when the block has too many bytes or pieces */
  add(piece: Buffer): void {
    this.#bytes += piece.length;
    this.#pieces.push(Buffer.from(piece));
    if (this.#bytes > this.#maxBytes || this.#pieces.length > this.#maxFrames) {
      throw new ConnectionFault(Http2ErrorCode.ENHANCE_YOUR_CALM, "a header block that does not end", "header_flood");
    }
  }

  finish(): { section: HeaderSection; bytes: Buffer } {
    const whole = { section: this.#section, bytes: Buffer.concat(this.#pieces, this.#bytes) };
    this.#section = none;
    this.#pieces = [];
    this.#bytes = 0;
    return whole;
  }
}
