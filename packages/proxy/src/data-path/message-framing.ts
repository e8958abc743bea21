/** What was found at the beginning of a message. */
export type FramingProblem = { kind: "too-large"; sizeBytes: number } | { kind: "compressed" };

const prefixBytes = 5;

/** Whether a request is one allowed message, all of it: then there is nothing to follow. */
export function isOneMessage(request: Buffer, sizeBytesMax: number): boolean {
  const sizeBytes = request.length - prefixBytes;
  return sizeBytes >= 0 && sizeBytes <= sizeBytesMax && request[0] === 0 && request.readUInt32BE(1) === sizeBytes;
}

/** The size of the message that begins here, in bytes; 0 when not even its prefix is whole. */
export function announcedBytes(beginning: Buffer): number {
  return beginning.length >= prefixBytes ? beginning.readUInt32BE(1) : 0;
}

/**
 * Follows the length prefixes of a gRPC byte stream without holding its messages: a chunk that lies inside a message costs a
 * subtraction. Finds a message that is too large when its prefix has arrived, before its bytes have.
 */
export class MessageFraming {
  readonly #sizeBytesMax: number;
  /** Bytes of the current message that are still to come. */
  #remaining = 0;
  /** A prefix that came in pieces. */
  #prefixSeen = 0;
  #flag = 0;
  #sizeBytes = 0;

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax;
  }

  /** Takes the next bytes. Not called again once it found a problem. */
  push(chunk: Buffer): FramingProblem | undefined {
    let at = 0;
    while (at < chunk.length) {
      if (this.#remaining > 0) {
        const taken = Math.min(this.#remaining, chunk.length - at);
        this.#remaining -= taken;
        at += taken;
        continue;
      }
      if (this.#prefixSeen === 0 && chunk.length - at >= prefixBytes) {
        this.#flag = chunk[at]!;
        this.#sizeBytes = chunk.readUInt32BE(at + 1);
        at += prefixBytes;
      } else {
        this.#takePrefixByte(chunk[at]!);
        at += 1;
        if (this.#prefixSeen < prefixBytes) continue;
      }
      const problem = this.#beginMessage();
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  #takePrefixByte(byte: number): void {
    if (this.#prefixSeen === 0) this.#flag = byte;
    else this.#sizeBytes = this.#prefixSeen === 1 ? byte : this.#sizeBytes * 256 + byte;
    this.#prefixSeen += 1;
  }

  #beginMessage(): FramingProblem | undefined {
    this.#prefixSeen = 0;
    this.#remaining = this.#sizeBytes;
    if (this.#flag !== 0) return { kind: "compressed" };
    if (this.#sizeBytes > this.#sizeBytesMax) return { kind: "too-large", sizeBytes: this.#sizeBytes };
    return undefined;
  }
}
