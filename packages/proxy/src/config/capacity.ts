import * as z from "zod";
import { duration } from "./units.js";

const most = 1_000;

const times = (description: string, preset: number) =>
  z
    .int()
    .min(1, `must be from 1 to ${most}`)
    .max(most, `must be from 1 to ${most}`)
    .prefault(preset)
    .meta({ description, "x-bounds": `1 to ${most}` });

/** What the proxy does by itself when the load changes. */
export const capacitySchema = z
  .strictObject({
    mode: z
      .enum(["observe", "apply"])
      .prefault("observe")
      .describe("`apply` changes what is safe to change, and logs it; `observe` only logs what it would change."),
    interval: duration({
      description: "How long the load is watched before it is judged, again and again.",
      min: "100ms",
      max: "1h",
      default: "30s",
    }),
    raise_after: times("Intervals in a row with too little of something, before there is more.", 3),
    lower_after: times("Intervals in a row with too much of something, before there is less.", 10),
    cooldown: duration({
      description: "How long after a change the same thing is not changed again.",
      min: "0s",
      max: "24h",
      default: "5m",
    }),
    process_load: z.number().min(0.05, "must be from 0.05 to 1").max(1, "must be from 0.05 to 1").prefault(0.7).meta({
      description:
        "The part of a processor core that one plugin process may use before there is another, where `replicas` allows it. Below half of it there may be one less.",
      "x-bounds": "0.05 to 1",
    }),
    partitions_max: times("The most partitions that a log is given. Logs that are not `growable` are left alone.", 100),
  })
  .optional()
  .describe("What the proxy does by itself when the load changes. Not given: nothing.");

/** How the proxy follows the load. */
export interface CapacityPolicy {
  readonly mode: "observe" | "apply";
  readonly intervalMs: number;
  readonly raiseAfter: number;
  readonly lowerAfter: number;
  readonly cooldownMs: number;
  /** The part of a core that one plugin process may use. */
  readonly processLoad: number;
  readonly partitionsMax: number;
}

/** `undefined`: it does not. */
export function toCapacityPolicy(parsed: z.output<typeof capacitySchema>): CapacityPolicy | undefined {
  if (parsed === undefined) return undefined;
  return Object.freeze({
    mode: parsed.mode,
    intervalMs: parsed.interval,
    raiseAfter: parsed.raise_after,
    lowerAfter: parsed.lower_after,
    cooldownMs: parsed.cooldown,
    processLoad: parsed.process_load,
    partitionsMax: parsed.partitions_max,
  });
}
