import { monitorEventLoopDelay } from "node:perf_hooks";
import process from "node:process";
import type { MetricFamily } from "../plugin.js";

/** How often the event loop is asked to wake up: often enough to see a stall of 20 ms, for no measurable load. */
const samplePeriodMs = 20;

/** Measures the plugin's own process; every plugin has these metrics. */
export class ProcessMetrics implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: samplePeriodMs });

  constructor() {
    this.#delay.enable();
  }

  /** Reads all of them. The event loop's lag is that since the read before. */
  families(callsInFlight: number): readonly MetricFamily[] {
    const { user, system } = process.cpuUsage();
    // The histogram counts the sample period in; before its first sample its mean is not a number.
    const lagSeconds = Math.max(0, this.#delay.percentile(99) / 1e9 - samplePeriodMs / 1e3);
    this.#delay.reset();
    return [
      one(
        "prism_plugin_cpu_seconds_total",
        "CPU time that the plugin's process has used, in seconds.",
        "counter",
        (user + system) / 1e6,
      ),
      one(
        "prism_plugin_resident_bytes",
        "Memory that the plugin's process holds, in bytes.",
        "gauge",
        process.memoryUsage.rss(),
      ),
      one(
        "prism_plugin_event_loop_lag_seconds",
        "How late the event loop of the plugin ran since the last scrape, 99th percentile, in seconds.",
        "gauge",
        lagSeconds,
      ),
      one(
        "prism_plugin_calls_in_flight",
        "Calls of apps that the plugin has not answered yet.",
        "gauge",
        callsInFlight,
      ),
    ];
  }

  [Symbol.dispose](): void {
    this.#delay.disable();
  }
}

function one(name: string, help: string, kind: MetricFamily["kind"], value: number): MetricFamily {
  return { name, help, kind, samples: [{ value }] };
}
