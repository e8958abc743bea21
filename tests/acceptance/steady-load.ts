import { setTimeout as delay } from "node:timers/promises";
import { KeyValueClient } from "./key-value-client.ts";

/** A rate that leaves most of the smallest machine idle: what is lost of it was lost to the attack, not to the wish for more. */
const callEveryMs = 5;
/** Calls that are late are waited for before more are made. */
const callsInFlightMax = 20;

/** What an honest client got done in one window. */
export interface Window {
  readonly callsPerSecond: number;
  readonly p99Ms: number;
}

/** An honest client with a steady rate of calls. A call that fails fails the test. */
export class SteadyLoad implements Disposable {
  readonly #client: KeyValueClient;

  constructor(address: string, namespace: string) {
    this.#client = new KeyValueClient(address, namespace);
  }

  /** Calls for so long. What is answered later counts for nothing. */
  async callFor(timeMs: number): Promise<Window> {
    const startedMs = performance.now();
    const durationsMs: number[] = [];
    const inFlight = new Set<Promise<void>>();
    const call = async () => {
      const sentMs = performance.now();
      await this.#client.get("k");
      durationsMs.push(performance.now() - sentMs);
    };
    for (let dueMs = startedMs; dueMs < startedMs + timeMs; dueMs += callEveryMs) {
      await delay(Math.max(0, dueMs - performance.now()));
      if (inFlight.size >= callsInFlightMax) await Promise.race(inFlight);
      const called: Promise<void> = call().finally(() => inFlight.delete(called));
      inFlight.add(called);
    }
    const tookMs = performance.now() - startedMs;
    const callsPerSecond = (1000 * durationsMs.length) / tookMs;
    await Promise.all(inFlight);
    durationsMs.sort((left, right) => left - right);
    return { callsPerSecond, p99Ms: durationsMs[Math.floor(durationsMs.length * 0.99)] ?? 0 };
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}
