import { ByteMemo } from "./byte-memo.js";
import { ConnectionFault, Http2ErrorCode } from "./error-code.js";
import { HeaderBlock } from "./header-block.js";
import { fieldFault, type HeaderField, headerField } from "./header-field.js";
import { DynamicTable, entryOverheadBytes } from "./hpack-dynamic-table.js";
import { huffmanDecode } from "./hpack-huffman.js";
import { staticTable } from "./hpack-static-table.js";

/** Blocks worth remembering: a client repeats its header block as long as metadata and timeout text repeat. */
const maxRememberedBlocks = 64;
const maxRememberedBlockBytes = 512;
/** After this many blocks in a row that were new, only one in `lookEvery` is looked up. */
const patience = 128;
const lookEvery = 16;
/** RFC 7541 section 4.2: an encoder says the smallest size since the last block and the one in use. */
const maxSizeUpdates = 2;
/** RFC 7541 section 5.1: longer integers are nothing this protocol can mean. */
const maxIntegerShift = 28;

const staticFields = staticTable.map(([name, value]) => headerField(name, value));

function compressionError(what: string): ConnectionFault {
  return new ConnectionFault(Http2ErrorCode.COMPRESSION_ERROR, `malformed header block: ${what}`);
}

/**
 * RFC 7541 sections 3 and 6: decodes header blocks. A block that leaves the dynamic table as it is means the same
 * until the table changes, so its result is remembered by its bytes and the same HeaderBlock is returned again.
 */
export class HpackDecoder {
  readonly #maxTableBytes: number;
  readonly #maxHeaderListBytes: number;
  readonly #table: DynamicTable;
  readonly #remembered = new ByteMemo<HeaderBlock>(maxRememberedBlocks);
  #rememberedGeneration = 0;
  #newInARow = 0;

  // The block being decoded.
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #end = 0;
  #fields: string[] = [];
  #listBytes = 0;
  #fault: string | undefined;

  constructor(maxTableBytes: number, maxHeaderListBytes: number) {
    this.#maxTableBytes = maxTableBytes;
    this.#maxHeaderListBytes = maxHeaderListBytes;
    this.#table = new DynamicTable(maxTableBytes);
  }

  get tableSizeBytes(): number {
    return this.#table.sizeBytes;
  }

  /** @throws ConnectionFault COMPRESSION_ERROR */
  decode(bytes: Buffer, start: number, end: number): HeaderBlock {
    const unlikelyKnown = ++this.#newInARow > patience && this.#newInARow % lookEvery !== 0;
    if (unlikelyKnown || end - start > maxRememberedBlockBytes) return this.#decode(bytes, start, end);
    if (this.#rememberedGeneration !== this.#table.generation) {
      this.#remembered.clear();
      this.#rememberedGeneration = this.#table.generation;
    }
    const known = this.#remembered.get(bytes, start, end);
    if (known !== undefined) {
      this.#newInARow = 0;
      return known;
    }
    const block = this.#decode(bytes, start, end);
    if (this.#table.generation === this.#rememberedGeneration) this.#remembered.set(bytes, start, end, block);
    return block;
  }

  #decode(bytes: Buffer, start: number, end: number): HeaderBlock {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#fields = [];
    this.#listBytes = 0;
    this.#fault = undefined;
    this.#sizeUpdates();
    while (this.#at < end) this.#field(bytes[this.#at]!);
    return new HeaderBlock(this.#fields, this.#listBytes, this.#listBytes > this.#maxHeaderListBytes, this.#fault);
  }

  /** RFC 7541 section 4.2: size updates come only at the start of a block. */
  #sizeUpdates(): void {
    for (let updates = 1; this.#at < this.#end && (this.#bytes[this.#at]! & 0xe0) === 0x20; updates++) {
      if (updates > maxSizeUpdates) throw compressionError("too many table size updates");
      const maxBytes = this.#integer(5);
      if (maxBytes > this.#maxTableBytes) throw compressionError("table size update above the limit");
      this.#table.resize(maxBytes);
    }
  }

  #field(first: number): void {
    if (first >= 0x80) {
      const { name, value, fault } = this.#indexed(this.#integer(7));
      this.#emit(name, value, fault);
    } else if (first >= 0x40) {
      const field = headerField(this.#name(6), this.#text());
      this.#table.add(field);
      this.#emit(field.name, field.value, field.fault);
    } else if (first >= 0x20) {
      throw compressionError("table size update after a field");
    } else {
      const name = this.#name(4);
      const value = this.#text();
      this.#emit(name, value, fieldFault(name, value));
    }
  }

  /** Fields beyond the limit are counted and dropped: they must be decoded to keep the table, not kept. */
  #emit(name: string, value: string, fault: string | undefined): void {
    this.#listBytes += name.length + value.length + entryOverheadBytes;
    if (this.#listBytes <= this.#maxHeaderListBytes) this.#fields.push(name, value);
    this.#fault ??= fault;
  }

  #name(prefixBits: number): string {
    const index = this.#integer(prefixBits);
    return index === 0 ? this.#text() : this.#indexed(index).name;
  }

  /** RFC 7541 section 2.3.3: both tables are one address space. */
  #indexed(index: number): HeaderField {
    if (index > staticFields.length) return this.#table.at(this.#dynamicPosition(index));
    if (index === 0) throw compressionError("index 0");
    return staticFields[index - 1]!;
  }

  #dynamicPosition(index: number): number {
    const position = index - staticFields.length - 1;
    if (position >= this.#table.length) throw compressionError("index beyond the tables");
    return position;
  }

  /** RFC 7541 section 5.1. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#bytes[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      if (this.#at >= this.#end) throw compressionError("truncated integer");
      if (shift > maxIntegerShift) throw compressionError("integer too large");
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  }

  /** RFC 7541 section 5.2. */
  #text(): string {
    if (this.#at >= this.#end) throw compressionError("truncated string");
    const huffman = this.#bytes[this.#at]! >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    if (length > this.#end - start) throw compressionError("string longer than the block");
    this.#at = start + length;
    return huffman ? huffmanDecode(this.#bytes, start, this.#at) : this.#bytes.toString("latin1", start, this.#at);
  }
}
