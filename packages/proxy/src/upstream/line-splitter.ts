/** The longest line that is kept; the rest of a longer one is skipped. */
const lineBytesMax = 65_536;

const newline = 0x0a;

/** Cuts a stream of bytes into lines, holding at most one line in memory. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #parts: Buffer[] = [];
  #sizeBytes = 0;

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#keep(chunk.subarray(start, end));
      this.#flush();
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
  }

  /** The stream ended: what is left is a line, too. */
  end(): void {
    if (this.#sizeBytes > 0) this.#flush();
  }

  #keep(part: Buffer): void {
    const kept = part.subarray(0, lineBytesMax - this.#sizeBytes);
    if (kept.length === 0) return;
    this.#parts.push(kept);
    this.#sizeBytes += kept.length;
  }

  #flush(): void {
    const line = Buffer.concat(this.#parts).toString("utf8").replace(/\r$/, "");
    this.#parts = [];
    this.#sizeBytes = 0;
    this.#onLine(line);
  }
}
