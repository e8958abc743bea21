/** A number of bytes that many calls share. */
export class ByteBudget {
  readonly #limitBytes: number;
  #takenBytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Takes the bytes, or tells that they are not left. */
  tryTake(sizeBytes: number): boolean {
    if (this.#takenBytes + sizeBytes > this.#limitBytes) return false;
    this.#takenBytes += sizeBytes;
    return true;
  }

  giveBack(sizeBytes: number): void {
    this.#takenBytes -= sizeBytes;
  }
}
