/** The time that the server told once, and how far it may be off. */
interface Estimate {
  /** Server time minus local time, in ms. */
  readonly offsetMs: number;
  /** How far `offsetMs` could be off when it was measured: half of the round trip. */
  readonly errorMs: number;
  readonly measuredAtMs: number;
}

/** One question for the server's time: when it was sent and answered by the local clock, and the answer. */
export interface TimeSample {
  readonly sentAtMs: number;
  readonly receivedAtMs: number;
  readonly serverMs: number;
}

/** How fast two clocks may drift apart: quartz is good for 100 ppm, and both may err. */
const driftPerMs = 0.000_2;

/**
 * The server's clock as it can be known here, so that the expiry that is written into a record is the one that Redis acts on.
 *
 * Kept against a local clock that never steps. A sample replaces the estimate when it is at least as sharp, or when it
 * contradicts it: then the server's clock was set, or the server is another one.
 */
export class ServerClock {
  readonly #localNowMs: () => number;
  #estimate: Estimate | undefined;
  #toldMs = 0;

  /** `localNowMs`: a clock that never steps. */
  constructor(localNowMs: () => number = () => performance.now()) {
    this.#localNowMs = localNowMs;
  }

  localNowMs(): number {
    return this.#localNowMs();
  }

  /**
   * The server's time, in whole ms since the Unix epoch. `undefined`: the server was never asked. Never goes back, unless the
   * server's own clock did.
   */
  nowMs(): number | undefined {
    if (this.#estimate === undefined) return undefined;
    this.#toldMs = Math.max(this.#toldMs, Math.floor(this.#localNowMs() + this.#estimate.offsetMs));
    return this.#toldMs;
  }

  observe(sample: TimeSample): void {
    const fresh = estimateOf(sample);
    const kept = this.#estimate;
    if (kept !== undefined && contradict(fresh, kept)) this.#toldMs = 0;
    else if (kept !== undefined && fresh.errorMs > errorAt(kept, fresh.measuredAtMs)) return;
    this.#estimate = fresh;
  }
}

function estimateOf({ sentAtMs, receivedAtMs, serverMs }: TimeSample): Estimate {
  const errorMs = (receivedAtMs - sentAtMs) / 2;
  return { offsetMs: serverMs - (sentAtMs + errorMs), errorMs, measuredAtMs: receivedAtMs };
}

function contradict(fresh: Estimate, kept: Estimate): boolean {
  return Math.abs(fresh.offsetMs - kept.offsetMs) > fresh.errorMs + errorAt(kept, fresh.measuredAtMs);
}

/** How far an estimate may be off by now. */
function errorAt(estimate: Estimate, nowMs: number): number {
  return estimate.errorMs + (nowMs - estimate.measuredAtMs) * driftPerMs;
}
