import { isUtf8 } from "node:buffer";

/** What the bytes so far tell. `refused` carries a reason from the closed list and a message for the caller. */
export type NamespaceReading =
  | { kind: "incomplete" }
  | { kind: "found"; namespace: string }
  | {
      kind: "refused";
      reason: "INVALID_FIELD" | "MALFORMED_MESSAGE" | "COMPRESSION_UNSUPPORTED";
      message: string;
    };

/** The longest name of a namespace; the plugin contract promises it to plugins. */
export const namespaceBytesMax = 128;

/** As deep as protobuf implementations follow nested groups before they call a message hostile. */
const groupDepthMax = 100;

/** A protobuf varint never takes more bytes. */
const varintBytesMax = 10;

const prefixBytes = 5;
const namespaceTag = 0x0a;

const noBytes = Buffer.alloc(0);
const incomplete: NamespaceReading = { kind: "incomplete" };

type Step = "prefix" | "tag" | "varint" | "length" | "skip" | "namespace";

/**
 * Reads `string namespace = 1` from the bytes of a call's first message as they arrive, and nothing else of it.
 *
 * Invariant: it is the first field 1 that is read. A later one cannot redirect the call, because the plugin is told what was
 * read here and refuses a message that decodes to another namespace.
 */
export class NamespaceField {
  #step: Step = "prefix";
  #prefixSeen = 0;
  /** Bytes of the message that were not looked at yet. */
  #remaining = 0;
  #varint = 0;
  #varintBytes = 0;
  #field = 0;
  #groupDepth = 0;
  #skip = 0;
  #name = noBytes;
  #nameSeen = 0;

  /** Takes the next bytes of the request. Not called again once it answered anything but `incomplete`. */
  push(chunk: Buffer): NamespaceReading {
    let at = 0;
    while (at < chunk.length) {
      const taken = this.#takeRun(chunk, at);
      at += taken;
      const reading = taken > 0 ? this.#afterRun() : this.#takeByte(chunk[at++]!);
      if (reading !== undefined) return reading;
    }
    return incomplete;
  }

  /** What to tell a caller whose request ended before the namespace was read. */
  end(): NamespaceReading {
    const message = this.#prefixSeen === 0 ? "the call carried no request message" : "the request message is cut short";
    return malformed(message);
  }

  /** Takes as much of a run of bytes as the chunk holds: what is skipped, or the name itself. Zero: not in a run. */
  #takeRun(chunk: Buffer, at: number): number {
    if (this.#step === "skip") {
      const taken = Math.min(this.#skip, chunk.length - at);
      this.#skip -= taken;
      this.#remaining -= taken;
      return taken;
    }
    if (this.#step === "namespace") {
      const taken = chunk.copy(this.#name, this.#nameSeen, at);
      this.#nameSeen += taken;
      this.#remaining -= taken;
      return taken;
    }
    return 0;
  }

  #afterRun(): NamespaceReading | undefined {
    if (this.#step === "namespace") {
      return this.#nameSeen < this.#name.length ? undefined : decodeNamespace(this.#name);
    }
    return this.#skip > 0 ? undefined : this.#nextField();
  }

  #takeByte(byte: number): NamespaceReading | undefined {
    if (this.#step === "prefix") return this.#takePrefixByte(byte);
    this.#remaining -= 1;
    this.#varintBytes += 1;
    // Multiplied, not shifted: lengths and tags reach 2^32, bitwise operators end at 2^31.
    this.#varint += (byte & 0x7f) * 2 ** (7 * (this.#varintBytes - 1));
    if (byte >= 0x80) {
      if (this.#varintBytes >= varintBytesMax)
        return malformed("a number in the request message takes more than 10 bytes");
      return this.#remaining === 0 ? malformed("the request message ends inside a field") : undefined;
    }
    const value = this.#varint;
    this.#varint = 0;
    this.#varintBytes = 0;
    if (this.#step === "tag") return this.#takeTag(value);
    if (this.#step === "length") return this.#takeLength(value);
    return this.#nextField();
  }

  #takePrefixByte(byte: number): NamespaceReading | undefined {
    if (this.#prefixSeen === 0 && byte !== 0) {
      return {
        kind: "refused",
        reason: "COMPRESSION_UNSUPPORTED",
        message: "the request message is compressed; send it with encoding identity",
      };
    }
    if (this.#prefixSeen > 0) this.#remaining = this.#remaining * 256 + byte;
    this.#prefixSeen += 1;
    return this.#prefixSeen < prefixBytes ? undefined : this.#nextField();
  }

  #nextField(): NamespaceReading | undefined {
    this.#step = "tag";
    return this.#remaining > 0 ? undefined : missing();
  }

  #takeTag(tag: number): NamespaceReading | undefined {
    this.#field = Math.floor(tag / 8);
    if (this.#field === 0 || tag >= 2 ** 32)
      return malformed("the request message has a field with an impossible number");
    const wireType = tag % 8;
    if (this.#field === 1 && this.#groupDepth === 0 && wireType !== 2) {
      return malformed("field 1 of the request message is not a string, but must be the namespace");
    }
    switch (wireType) {
      case 0:
        return this.#enter("varint");
      case 1:
        return this.#skipBytes(8);
      case 2:
        return this.#enter("length");
      case 3:
        this.#groupDepth += 1;
        return this.#groupDepth > groupDepthMax ? malformed("the request message nests too deep") : this.#nextField();
      case 4:
        this.#groupDepth -= 1;
        return this.#groupDepth < 0 ? malformed("the request message ends a group it never began") : this.#nextField();
      case 5:
        return this.#skipBytes(4);
      default:
        return malformed("the request message has a field of an unknown wire type");
    }
  }

  #enter(step: "varint" | "length"): NamespaceReading | undefined {
    this.#step = step;
    return this.#remaining > 0 ? undefined : malformed("the request message ends inside a field");
  }

  #takeLength(sizeBytes: number): NamespaceReading | undefined {
    if (this.#field !== 1 || this.#groupDepth > 0) return this.#skipBytes(sizeBytes);
    if (sizeBytes > this.#remaining) return malformed("the request message ends inside a field");
    if (sizeBytes === 0) return missing();
    if (sizeBytes > namespaceBytesMax) {
      return invalidField(`namespace has ${sizeBytes} bytes; at most ${namespaceBytesMax} are allowed`);
    }
    this.#name = Buffer.allocUnsafe(sizeBytes);
    this.#step = "namespace";
    return undefined;
  }

  #skipBytes(sizeBytes: number): NamespaceReading | undefined {
    if (sizeBytes > this.#remaining) return malformed("the request message ends inside a field");
    if (sizeBytes === 0) return this.#nextField();
    this.#skip = sizeBytes;
    this.#step = "skip";
    return undefined;
  }
}

/** Where the name of nearly every call begins: behind the prefix, a tag and a length. */
export const nameStart = prefixBytes + 2;

/**
 * Where it ends: the first chunk holds the prefix and a name of fewer than 128 bytes as the first field. 0: look closer. Whether
 * the name is ASCII is not known.
 */
export function nameEnd(chunk: Buffer): number {
  if (chunk.length <= nameStart || chunk[0] !== 0 || chunk[prefixBytes] !== namespaceTag) return 0;
  const sizeBytes = chunk[prefixBytes + 1]!;
  const end = nameStart + sizeBytes;
  if (sizeBytes === 0 || sizeBytes > 127 || end > chunk.length) return 0;
  return chunk.readUInt32BE(1) < sizeBytes + 2 ? 0 : end;
}

/** The namespace of such a call, if it is ASCII. `undefined`: look closer. */
export function namespaceAtStart(chunk: Buffer): string | undefined {
  const end = nameEnd(chunk);
  if (end === 0) return undefined;
  for (let at = nameStart; at < end; at += 1) if (chunk[at]! > 0x7f) return undefined;
  return chunk.toString("latin1", nameStart, end);
}

function decodeNamespace(name: Buffer): NamespaceReading {
  if (!isUtf8(name)) return malformed("the namespace is not valid UTF-8");
  return { kind: "found", namespace: name.toString("utf8") };
}

function missing(): NamespaceReading {
  return invalidField("namespace is required, and is not set or empty");
}

function invalidField(message: string): NamespaceReading {
  return { kind: "refused", reason: "INVALID_FIELD", message };
}

function malformed(message: string): NamespaceReading {
  return { kind: "refused", reason: "MALFORMED_MESSAGE", message };
}
