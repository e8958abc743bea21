import { GrpcCode, grpcCodeName } from "@prism-data/transport";
import type { Counter, Gauge } from "prom-client";
import { Histogram } from "prom-client";

/** Label values of one kind of call. From configuration and the protos, never from a request. */
export interface CallLabels {
  readonly namespace: string;
  readonly pattern: string;
  readonly method: string;
}

/** Upper bounds of the duration buckets, in ms: 0.25 ms to 30 s, about two and a half to a step. */
export const durationBucketsMs = [
  0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000,
] as const;

const codeCount = Object.keys(GrpcCode).length;

/**
 * The numbers of one kind of call. prom-client hashes the labels at every observation, which would cost the hot path more
 * than forwarding the call; so calls count in plain fields here and prom-client reads them when it is scraped.
 */
export class CallMetrics {
  readonly labels: CallLabels;
  readonly countByCode: number[] = new Array(codeCount).fill(0);
  readonly countByBucket: number[] = new Array(durationBucketsMs.length).fill(0);
  inFlight = 0;
  ended = 0;
  durationSumMs = 0;
  requestBytes = 0;
  responseBytes = 0;

  constructor(labels: CallLabels) {
    this.labels = labels;
  }

  /** A call of this kind began. Each is followed by exactly one `end`. */
  begin(): void {
    this.inFlight++;
  }

  /** The call ended with a gRPC code. */
  end(code: number, durationMs: number): void {
    this.inFlight--;
    this.ended++;
    this.durationSumMs += durationMs;
    this.countByCode[code < codeCount && code >= 0 ? code : GrpcCode.UNKNOWN]!++;
    for (let bucket = 0; bucket < durationBucketsMs.length; bucket++) {
      if (durationMs <= durationBucketsMs[bucket]!) {
        this.countByBucket[bucket]!++;
        return;
      }
    }
  }

  /** Bytes of request messages came in. */
  received(sizeBytes: number): void {
    this.requestBytes += sizeBytes;
  }

  /** Bytes of response messages went out. */
  answered(sizeBytes: number): void {
    this.responseBytes += sizeBytes;
  }
}

/** Copies what the calls counted into a counter that prom-client is about to show. */
export function collectCounts(
  counter: Counter,
  calls: Iterable<CallMetrics>,
  read: (call: CallMetrics) => number,
): void {
  counter.reset();
  for (const call of calls) counter.inc({ ...call.labels }, read(call));
}

/** Copies the outcomes of the calls, by code; codes that never occurred have no series. */
export function collectOutcomes(counter: Counter, calls: Iterable<CallMetrics>): void {
  counter.reset();
  for (const call of calls) {
    for (const [code, count] of call.countByCode.entries()) {
      if (count > 0) counter.inc({ ...call.labels, code: grpcCodeName(code) }, count);
    }
  }
}

/** Sums the calls in flight per namespace. */
export function collectInFlight(gauge: Gauge, calls: Iterable<CallMetrics>): void {
  gauge.reset();
  for (const call of calls) gauge.inc({ namespace: call.labels.namespace }, call.inFlight);
}

interface Sample {
  readonly labels: Record<string, string | number>;
  readonly value: number;
  readonly metricName: string;
}

/** A histogram that shows the buckets of `CallMetrics` instead of keeping its own. */
export class CallDurationHistogram extends Histogram {
  readonly #calls: () => Iterable<CallMetrics>;
  readonly #name: string;
  readonly #help: string;

  constructor(options: { name: string; help: string; calls: () => Iterable<CallMetrics> }) {
    super({
      name: options.name,
      help: options.help,
      labelNames: ["namespace", "pattern", "method"],
      buckets: durationBucketsMs.map((bound) => bound / 1000),
      registers: [],
    });
    this.#calls = options.calls;
    this.#name = options.name;
    this.#help = options.help;
  }

  override get(): ReturnType<Histogram["get"]> {
    const values = [...this.#calls()].flatMap((call) => samplesOf(this.#name, call));
    const family = { name: this.#name, help: this.#help, type: "histogram", aggregator: "sum", values };
    return Promise.resolve(family) as unknown as ReturnType<Histogram["get"]>;
  }

  /** What the registry calls for the text format. */
  getForPromString(): ReturnType<Histogram["get"]> {
    return this.get();
  }
}

function samplesOf(name: string, call: CallMetrics): Sample[] {
  let cumulative = 0;
  const samples: Sample[] = durationBucketsMs.map((bound, index) => {
    cumulative += call.countByBucket[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { ...call.labels, le: bound / 1000 }, value: cumulative };
  });
  samples.push({ metricName: `${name}_bucket`, labels: { ...call.labels, le: "+Inf" }, value: call.ended });
  samples.push({ metricName: `${name}_sum`, labels: { ...call.labels }, value: call.durationSumMs / 1000 });
  samples.push({ metricName: `${name}_count`, labels: { ...call.labels }, value: call.ended });
  return samples;
}
