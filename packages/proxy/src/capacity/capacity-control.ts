import { setTimeout as pause } from "node:timers/promises";
import { decideStep, noMemory, type Reading, type StepMemory } from "@prism-data/planner/capacity";
import type { CapacityPolicy } from "../config/capacity.js";
import type { Logger } from "../telemetry/log.js";
import type { Metrics } from "../telemetry/metrics.js";
import { type CapacitySources, watchCapacity } from "./capacity-watch.js";
import type { WatchedCapacity } from "./watched-capacity.js";

/** How soon a policy is looked for again where there is none, and how long an unexpected failure is left alone, in ms. */
const idleMs = 1_000;

/** Something that may be changed for the load. */
export interface Knob {
  /** What it belongs to, for the log: `namespace` or `backend` and its name. */
  readonly on: Readonly<Record<string, string>>;
  /** As prism.yaml names it. */
  readonly setting: string;
  readonly reading: Reading;
  readonly max: number;
  readonly min: number;
  /** What was seen, and the formula. */
  readonly reason: string;
  /** Why it is not changed here whatever the mode; `undefined`: it may be. */
  readonly fixedBy: string | undefined;
  /** Rejects when it stays as it was. */
  turn(to: number): Promise<void>;
}

export interface CapacityControlOptions {
  readonly sources: CapacitySources;
  /** `undefined`: the load is not followed. Asked before each interval. */
  policy(): CapacityPolicy | undefined;
  /** What may be changed, by what was seen. */
  knobs(seen: WatchedCapacity, policy: CapacityPolicy): readonly Knob[];
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Follows the load: watches it for an interval, again and again, and changes what is too little or too much for long enough. */
export class CapacityControl implements AsyncDisposable {
  readonly #options: CapacityControlOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #memories: ReadonlyMap<string, StepMemory> = new Map();

  constructor(options: CapacityControlOptions) {
    this.#options = options;
    this.#ended = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const policy = this.#options.policy();
        if (policy === undefined) await pause(idleMs, undefined, { signal, ref: false });
        else await this.#follow(policy);
      } catch (error) {
        if (signal.aborted) return;
        this.#options.log.error({ err: error }, "following the load failed unexpectedly; it goes on");
        await pause(idleMs, undefined, { signal, ref: false }).catch(() => undefined);
      }
    }
  }

  async #follow(policy: CapacityPolicy): Promise<void> {
    const { sources, knobs } = this.#options;
    const { signal } = this.#stopping;
    const seen = await watchCapacity(sources, {
      ...{ names: [], group: "", windowMs: policy.intervalMs, signal },
      isDescribed: ({ options }) => options.growable === true,
    });
    const memories = new Map<string, StepMemory>();
    for (const knob of knobs(seen, policy)) {
      const key = JSON.stringify([knob.on, knob.setting]);
      const { raiseAfter, lowerAfter, cooldownMs } = policy;
      const bounds = { raiseAfter, lowerAfter, cooldownMs, min: knob.min, max: knob.max };
      const before = this.#memories.get(key) ?? noMemory;
      const { memory, to } = decideStep(before, knob.reading, bounds, sources.now());
      memories.set(key, memory);
      if (to !== undefined && !signal.aborted) await this.#step(knob, to, policy);
    }
    // What there is no more is forgotten.
    this.#memories = memories;
  }

  async #step(knob: Knob, to: number, { mode }: CapacityPolicy): Promise<void> {
    const { log, metrics } = this.#options;
    const { on, setting, reason, reading, fixedBy } = knob;
    const audit = { who: "capacity", ...on, setting, from: reading.now, to, why: reason };
    if (mode === "observe" || fixedBy !== undefined) {
      log.info({ ...audit, notDone: fixedBy ?? "capacity.mode is observe" }, "capacity would be changed");
      metrics.capacityStepped(setting, "advised");
      return;
    }
    try {
      await knob.turn(to);
      log.info(audit, "capacity changed");
      metrics.capacityStepped(setting, "applied");
    } catch (error) {
      log.warn({ ...audit, reason: (error as Error).message }, "capacity not changed");
      metrics.capacityStepped(setting, "failed");
    }
  }
}
