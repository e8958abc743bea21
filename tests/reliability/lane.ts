import { setTimeout as pause } from "node:timers/promises";
import { nowMs, type Operation, observe } from "./history.ts";

/** What leaves the smallest machine room for everything else. */
const paceMs = 20;

/** An app that wants to know when it can go on: sooner than it is told to come back. */
const retryMs = 50;

/** How long a call may take: its namespace ends it, or the app where a stream has only the app's deadline. */
export const callTimeoutMs = 2_000;

/** Apps leave the deadline to the namespace, so that it is Prism that keeps it. */
export const noDeadline = Number.POSITIVE_INFINITY;

/** One part of an app: makes one call after another, or listens on one stream. Remembers what it met. */
export class Lane {
  readonly name: string;
  readonly process: number;
  /** When it got what it had asked for. */
  readonly successesMs: number[] = [];
  /** How long its calls took, and whether it knows their outcome. */
  readonly calls: { readonly startMs: number; readonly tookMs: number; readonly isAnswered: boolean }[] = [];
  /** How its calls and streams failed, and how often. */
  readonly failures = new Map<string, number>();

  constructor(name: string, process: number) {
    this.name = name;
    this.process = process;
  }

  succeed(): void {
    this.successesMs.push(nowMs());
  }

  fail(reason: string): void {
    this.failures.set(reason, (this.failures.get(reason) ?? 0) + 1);
  }

  /** Makes a call of the app, and writes down how it went. */
  async call<Input, Output>(input: Input, call: () => Promise<Output>): Promise<Operation<Input, Output>> {
    const operation = await observe(this.process, input, call);
    const { startMs, endMs, ending } = operation;
    const isAnswered = ending.kind !== "unknown";
    this.calls.push({ startMs, tookMs: endMs - startMs, isAnswered });
    if (isAnswered) this.succeed();
    else this.fail(ending.reason);
    return operation;
  }

  /** Repeats a step, which says whether it went well, until it is told to stop. */
  async repeat(stop: AbortSignal, step: () => Promise<boolean>): Promise<void> {
    while (!stop.aborted) await pause((await step()) ? paceMs : retryMs);
  }

  /** How long after that time it first got what it had asked for; `undefined`: not yet. */
  recoveryMs(sinceMs: number): number | undefined {
    const first = this.successesMs.find((atMs) => atMs > sinceMs);
    return first === undefined ? undefined : first - sinceMs;
  }
}
