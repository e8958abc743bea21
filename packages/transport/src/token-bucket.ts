/** `spend` is false once events come faster than `perSecond` for longer than `burst` bears. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #tokens: number;
  #filledAtMs: number;

  constructor(burst: number, perSecond: number, nowMs: () => number = () => performance.now()) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#tokens = burst;
    this.#filledAtMs = nowMs();
  }

  spend(): boolean {
    if (this.#tokens < 1) this.#refill();
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Spends what is known only afterwards, and may be more than there is: what is owed then is made up first. */
  charge(tokens: number): void {
    this.#refill();
    this.#tokens -= tokens;
  }

  /** How long until `spend` is true, in ms. */
  get waitMs(): number {
    this.#refill();
    return Math.ceil((Math.max(0, 1 - this.#tokens) / this.#perSecond) * 1000);
  }

  /** Honest work done earns back what an honest mistake or cancel costs. */
  earn(events = 1): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + events);
  }

  #refill(): void {
    const nowMs = this.#nowMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * this.#perSecond);
    this.#filledAtMs = nowMs;
  }
}
