import { GrpcCode } from "./grpc-code.js";
import { GrpcError, malformed } from "./grpc-error.js";

/** PROTOCOL-HTTP2.md, "Length-Prefixed-Message": a compressed flag and a 32-bit length. */
export const messagePrefixBytes = 5;

export interface ReceivedMessage {
  readonly compressed: boolean;
  readonly message: Buffer;
}

/** The message with its prefix. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(messagePrefixBytes + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, messagePrefixBytes);
  return framed;
}

/** The prefix of a message that is sent on its own. */
export function messagePrefix(messageBytes: number): Buffer {
  const prefix = Buffer.allocUnsafe(messagePrefixBytes);
  prefix[0] = 0;
  prefix.writeUInt32BE(messageBytes, 1);
  return prefix;
}

/**
 * Cuts the bytes of one direction of a call into messages. A message within one chunk is a view of it; one that spans
 * chunks is copied once, when it is complete.
 */
export class MessageReader {
  readonly #maxMessageBytes: number;
  #chunks: Buffer[] = [];
  #head = 0;
  #offset = 0;
  #bytes = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes that are not part of a message taken yet. */
  get pendingBytes(): number {
    return this.#bytes;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /**
   * The next complete message, or undefined.
   * @throws GrpcError RESOURCE_EXHAUSTED as soon as a message announces more bytes than allowed, INTERNAL for a
   * malformed prefix
   */
  next(): ReceivedMessage | undefined {
    if (this.#bytes < messagePrefixBytes) return undefined;
    const first = this.#chunks[this.#head]!;
    const prefix = first.length - this.#offset >= messagePrefixBytes ? first : this.#gather(messagePrefixBytes);
    const at = prefix === first ? this.#offset : 0;
    const flag = prefix[at]!;
    const length = prefix.readUInt32BE(at + 1);
    if (flag > 1) throw malformed(`malformed message prefix: flag ${flag}`);
    if (length > this.#maxMessageBytes) {
      throw new GrpcError({
        code: GrpcCode.RESOURCE_EXHAUSTED,
        message: `a message of ${length} bytes is larger than the limit of ${this.#maxMessageBytes}`,
        fault: "message-too-large",
      });
    }
    if (this.#bytes < messagePrefixBytes + length) return undefined;
    this.#skip(messagePrefixBytes);
    return { compressed: flag === 1, message: this.#take(length) };
  }

  #take(bytes: number): Buffer {
    const first = this.#chunks[this.#head];
    const whole =
      first !== undefined && first.length - this.#offset >= bytes
        ? first.subarray(this.#offset, this.#offset + bytes)
        : this.#gather(bytes);
    this.#skip(bytes);
    return whole;
  }

  /** A copy of the next bytes. */
  #gather(bytes: number): Buffer {
    const target = Buffer.allocUnsafe(bytes);
    let filled = 0;
    for (let i = this.#head, offset = this.#offset; filled < bytes; i++, offset = 0) {
      filled += this.#chunks[i]!.copy(target, filled, offset);
    }
    return target;
  }

  #skip(bytes: number): void {
    this.#bytes -= bytes;
    this.#offset += bytes;
    while (this.#head < this.#chunks.length && this.#offset >= this.#chunks[this.#head]!.length) {
      this.#offset -= this.#chunks[this.#head]!.length;
      this.#head++;
    }
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head >= 64) {
      this.#chunks.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
