/** RFC 9113 section 6. */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const FrameFlag = { END_STREAM: 0x1, END_HEADERS: 0x4 } as const;

const headerBytes = 9;

/** RFC 9113 section 3.4. */
export const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  return Buffer.concat([frameHeader(type, flags, streamId, payload.length), payload]);
}

export function frameHeader(type: number, flags: number, streamId: number, payloadBytes: number): Buffer {
  const bytes = Buffer.alloc(headerBytes);
  bytes.writeUIntBE(payloadBytes, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  return bytes;
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** One entry of a SETTINGS frame. */
export function setting(id: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([0, id]), uint32(value)]);
}

/** What a client says first. */
export function hello(...settings: Buffer[]): Buffer {
  return Buffer.concat([preface, frame(FrameType.SETTINGS, 0, 0, Buffer.concat(settings))]);
}

/** RFC 7541 section 6.2.2: fields that leave the dynamic table alone. */
export function literalFields(fields: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(fields).flatMap(([name, value]) => [Buffer.from([0]), literal(name), literal(value)]),
  );
}

/** RFC 7541 section 5.2, without Huffman. */
export function literal(text: string): Buffer {
  return Buffer.concat([integer(text.length, 7), Buffer.from(text, "latin1")]);
}

/** RFC 7541 section 5.1, with nothing above the prefix. */
export function integer(value: number, prefixBits: number): Buffer {
  const mask = 2 ** prefixBits - 1;
  if (value < mask) return Buffer.from([value]);
  const bytes = [mask];
  let rest = value - mask;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** What came back over a connection, as far as it tells how an attack was met. */
export class FrameTally {
  /** The code of the last GOAWAY. */
  goaway: number | undefined;
  /** How often each code came in RST_STREAM. */
  readonly resets: Record<number, number> = {};
  readonly streamsEnded = new Set<number>();
  #pending = Buffer.alloc(0);

  push(chunk: Buffer): void {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    while (this.#pending.length >= headerBytes) {
      const end = headerBytes + this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < end) return;
      const [type = 0, flags = 0] = this.#pending.subarray(3);
      this.#count({ type, flags, streamId: this.#pending.readUInt32BE(5) }, this.#pending.subarray(headerBytes, end));
      this.#pending = this.#pending.subarray(end);
    }
  }

  #count({ type, flags, streamId }: { type: number; flags: number; streamId: number }, payload: Buffer): void {
    const mayEndStream = type === FrameType.HEADERS || type === FrameType.DATA;
    if (mayEndStream && (flags & FrameFlag.END_STREAM) !== 0) this.streamsEnded.add(streamId);
    if (type === FrameType.GOAWAY) this.goaway = payload.readUInt32BE(4);
    if (type !== FrameType.RST_STREAM) return;
    this.streamsEnded.add(streamId);
    const code = payload.readUInt32BE(0);
    this.resets[code] = (this.resets[code] ?? 0) + 1;
  }
}
