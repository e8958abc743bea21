import type { ExtendedHeaders } from "./extended-headers.js";
import type { HeaderList } from "./header-list.js";
import { DynamicTable, entryOverheadBytes } from "./hpack-dynamic-table.js";
import { huffmanEncode, huffmanSizeBytes } from "./hpack-huffman.js";
import { staticTable } from "./hpack-static-table.js";

/** What our side keeps for one connection, whatever the peer allows: the protocol's default. */
const maxTableBytes = 4096;
/** A field that would push out much of the table to be indexed is not worth it. */
const maxIndexedFieldBytes = maxTableBytes / 4;
/** How many fields seen once are remembered, to notice the second time. */
const maxCandidates = 256;
/** RFC 7541 section 7.1.3: short secrets must not be guessable through a table shared with others. */
const neverIndexed: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"]);

interface KnownName {
  /** The static index of the name, 0 when there is none. */
  readonly staticIndex: number;
  /** Static index of whole fields. */
  readonly staticValues: ReadonlyMap<string, number>;
}

const knownNames: ReadonlyMap<string, KnownName> = (() => {
  const names = new Map<string, { staticIndex: number; staticValues: Map<string, number> }>();
  for (const [position, [name, value]] of staticTable.entries()) {
    const known = names.get(name) ?? { staticIndex: position + 1, staticValues: new Map() };
    if (value !== "") known.staticValues.set(value, position + 1);
    names.set(name, known);
  }
  return names;
})();

interface RememberedBlock {
  readonly generation: number;
  readonly bytes: Buffer;
}

/**
 * RFC 7541: encodes header lists. A field is added to the dynamic table when it is seen for the second time, so
 * request ids and timeouts that never repeat do not churn it. The block of a list that left the table as it was is
 * remembered for that list until the table changes.
 */
export class HpackEncoder {
  readonly #table = new DynamicTable(maxTableBytes);
  /** Insertion number of each field in the dynamic table, by name and value. */
  readonly #inserted = new Map<string, Map<string, number>>();
  readonly #candidates = new Map<string, string>();
  readonly #remembered = new WeakMap<HeaderList, RememberedBlock>();
  #insertions = 0;
  #smallestPendingResize: number | undefined;
  #scratch = Buffer.allocUnsafeSlow(512);
  #at = 0;

  /** RFC 7541 section 4.2, RFC 9113 section 6.5.2: the peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableBytes(bytes: number): void {
    const allowed = Math.min(bytes, maxTableBytes);
    if (allowed === this.#table.maxBytes && this.#smallestPendingResize === undefined) return;
    this.#smallestPendingResize = Math.min(allowed, this.#smallestPendingResize ?? allowed);
    this.#table.resize(this.#smallestPendingResize);
    this.#table.resize(allowed);
    this.#forgetEvicted();
  }

  /** The header block of the list and the field, which leaves the table alone; valid until the next call. */
  encodeExtended({ headers, name, value }: ExtendedHeaders): Buffer {
    const block = this.encode(headers);
    this.#at = 0;
    this.#reserve(block.length + name.length + value.length + 24);
    // The block may be the scratch itself.
    if (block.buffer !== this.#scratch.buffer) block.copy(this.#scratch);
    this.#at = block.length;
    this.#writeInteger(0x00, 4, 0);
    this.#writeAscii(name);
    this.#writeAscii(value);
    return this.#scratch.subarray(0, this.#at);
  }

  /** The header block of the list; valid until the next call. */
  encode(headers: HeaderList): Buffer {
    const remembered = this.#remembered.get(headers);
    if (remembered !== undefined && remembered.generation === this.#table.generation) return remembered.bytes;
    const { generation } = this.#table;
    const plain = this.#smallestPendingResize === undefined;
    this.#at = 0;
    this.#writeResizes();
    for (let i = 0; i < headers.length; i += 2) this.#writeField(headers[i]!, headers[i + 1]!);
    const block = this.#scratch.subarray(0, this.#at);
    if (plain && generation === this.#table.generation) {
      this.#remembered.set(headers, { generation, bytes: Buffer.from(block) });
    }
    return block;
  }

  #writeResizes(): void {
    if (this.#smallestPendingResize === undefined) return;
    this.#reserve(12);
    if (this.#smallestPendingResize < this.#table.maxBytes) this.#writeInteger(0x20, 5, this.#smallestPendingResize);
    this.#writeInteger(0x20, 5, this.#table.maxBytes);
    this.#smallestPendingResize = undefined;
  }

  #writeField(name: string, value: string): void {
    this.#reserve(2 * (name.length + value.length) + 24);
    const known = knownNames.get(name);
    const index = known?.staticValues.get(value) ?? this.#dynamicIndex(name, value);
    if (index !== undefined) {
      this.#writeInteger(0x80, 7, index);
    } else if (neverIndexed.has(name)) {
      this.#writeLiteral(0x10, 4, name, known, value, false);
    } else if (this.#isWorthIndexing(name, value)) {
      this.#writeLiteral(0x40, 6, name, known, value, true);
      this.#insert(name, value);
    } else {
      this.#writeLiteral(0x00, 4, name, known, value, false);
    }
  }

  #dynamicIndex(name: string, value: string): number | undefined {
    const insertion = this.#inserted.get(name)?.get(value);
    if (insertion === undefined) return undefined;
    const position = this.#insertions - insertion;
    return position < this.#table.length ? staticTable.length + 1 + position : undefined;
  }

  /** A field is a candidate by name with the value last seen: the second equal value in a row makes it an entry. */
  #isWorthIndexing(name: string, value: string): boolean {
    if (name.length + value.length + entryOverheadBytes > Math.min(maxIndexedFieldBytes, this.#table.maxBytes))
      return false;
    const candidate = name === ":path" ? `${name} ${value}` : name;
    if (this.#candidates.get(candidate) === value) return this.#candidates.delete(candidate);
    if (this.#candidates.size >= maxCandidates) this.#candidates.clear();
    this.#candidates.set(candidate, value);
    return false;
  }

  #insert(name: string, value: string): void {
    if (!this.#table.add({ name, value, fault: undefined })) return;
    this.#insertions++;
    const values = this.#inserted.get(name) ?? new Map<string, number>();
    values.set(value, this.#insertions);
    this.#inserted.set(name, values);
    // The map may name evicted entries; it is rebuilt before it outgrows what the table can hold.
    if (values.size > maxTableBytes / entryOverheadBytes || this.#inserted.size > maxTableBytes / entryOverheadBytes) {
      this.#forgetEvicted();
    }
  }

  #forgetEvicted(): void {
    this.#inserted.clear();
    for (let position = this.#table.length - 1; position >= 0; position--) {
      const { name, value } = this.#table.at(position);
      const values = this.#inserted.get(name) ?? new Map<string, number>();
      values.set(value, this.#insertions - position);
      this.#inserted.set(name, values);
    }
  }

  /** A field that is indexed is sent once: its text is compressed. One that is not would cost time on every call. */
  #writeLiteral(
    pattern: number,
    prefixBits: number,
    name: string,
    known: KnownName | undefined,
    value: string,
    compress: boolean,
  ): void {
    const nameIndex = known?.staticIndex ?? this.#dynamicNameIndex(name);
    this.#writeInteger(pattern, prefixBits, nameIndex);
    if (nameIndex === 0) this.#writeText(name, compress);
    this.#writeText(value, compress);
  }

  #dynamicNameIndex(name: string): number {
    const values = this.#inserted.get(name);
    if (values === undefined) return 0;
    for (const insertion of values.values()) {
      const position = this.#insertions - insertion;
      if (position < this.#table.length) return staticTable.length + 1 + position;
    }
    return 0;
  }

  #writeInteger(pattern: number, prefixBits: number, value: number): void {
    const mask = (1 << prefixBits) - 1;
    if (value < mask) {
      this.#scratch[this.#at++] = pattern | value;
      return;
    }
    this.#scratch[this.#at++] = pattern | mask;
    let rest = value - mask;
    while (rest >= 0x80) {
      this.#scratch[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#scratch[this.#at++] = rest;
  }

  /** A short text takes less time than a call into Node. */
  #writeAscii(text: string): void {
    this.#writeInteger(0x00, 7, text.length);
    for (let at = 0; at < text.length; at++) this.#scratch[this.#at + at] = text.charCodeAt(at);
    this.#at += text.length;
  }

  #writeText(text: string, compress: boolean): void {
    const compressedBytes = compress ? huffmanSizeBytes(text) : text.length;
    if (compressedBytes < text.length) {
      this.#writeInteger(0x80, 7, compressedBytes);
      this.#at = huffmanEncode(text, this.#scratch, this.#at);
    } else {
      this.#writeInteger(0x00, 7, text.length);
      this.#at += this.#scratch.write(text, this.#at, "latin1");
    }
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#scratch.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + bytes));
    this.#scratch.copy(larger, 0, 0, this.#at);
    this.#scratch = larger;
  }
}
