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
 * Until this much of a message has come, no memory is taken for the rest that its prefix announces: 1,000 callers that announce
 * 4 MiB and send nothing make us hold nothing.
 */
const unearnedBytes = 256 * 1024;

/** Cuts the bytes of one direction of a call into messages, each in memory of its own. */
export class MessageReader {
  readonly #maxMessageBytes: number;
  readonly #prefix = Buffer.allocUnsafe(messagePrefixBytes);
  #prefixSeen = 0;
  /** The message that is arriving, once its prefix has come. */
  #message: Buffer | undefined;
  #messageBytes = 0;
  #messageSeen = 0;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** Bytes that have come of a message that is not complete. */
  get pendingBytes(): number {
    return this.#prefixSeen + this.#messageSeen;
  }

  /**
   * Takes the next bytes, which are only lent, and passes on every message that they complete.
   * @throws GrpcError RESOURCE_EXHAUSTED as soon as a message announces more bytes than allowed, INTERNAL for a
   * malformed prefix
   */
  read(chunk: Buffer, deliver: (received: ReceivedMessage) => void): void {
    let at = 0;
    while (at < chunk.length) {
      at += this.#prefixSeen < messagePrefixBytes ? this.#readPrefix(chunk, at) : this.#readMessage(chunk, at);
      if (this.#message !== undefined && this.#messageSeen === this.#messageBytes) deliver(this.#complete());
    }
  }

  #readPrefix(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#prefix, this.#prefixSeen, at);
    this.#prefixSeen += taken;
    if (this.#prefixSeen === messagePrefixBytes) this.#begin();
    return taken;
  }

  #begin(): void {
    const flag = this.#prefix[0]!;
    const sizeBytes = this.#prefix.readUInt32BE(1);
    if (flag > 1) throw malformed(`malformed message prefix: flag ${flag}`);
    if (sizeBytes > this.#maxMessageBytes) throw tooLarge(sizeBytes, this.#maxMessageBytes);
    this.#messageBytes = sizeBytes;
    this.#message = Buffer.allocUnsafe(Math.min(sizeBytes, unearnedBytes));
  }

  #readMessage(chunk: Buffer, at: number): number {
    let message = this.#message!;
    if (this.#messageSeen === message.length) {
      message = Buffer.allocUnsafe(this.#messageBytes);
      message.set(this.#message!);
      this.#message = message;
    }
    const taken = chunk.copy(message, this.#messageSeen, at);
    this.#messageSeen += taken;
    return taken;
  }

  #complete(): ReceivedMessage {
    const message = this.#message!;
    this.#message = undefined;
    this.#prefixSeen = 0;
    this.#messageSeen = 0;
    return { compressed: this.#prefix[0] === 1, message };
  }
}

function tooLarge(sizeBytes: number, maxBytes: number): GrpcError {
  return new GrpcError({
    code: GrpcCode.RESOURCE_EXHAUSTED,
    message: `a message of ${sizeBytes} bytes is larger than the limit of ${maxBytes}`,
    fault: "message-too-large",
  });
}
