import * as z from "zod";
import { durationOption } from "../option-values.js";
import type { QueueOptions } from "./queue.js";

/**
 * The schema of a queue's options, as the operator writes them: `options` in a plugin's description of the pattern. Parses to
 * `QueueOptions`.
 */
export const queueOptions = z
  .strictObject({
    max_deliveries: z
      .int()
      .min(1)
      .max(1_000)
      .default(5)
      .describe("After so many deliveries without an acknowledgement a message becomes a dead letter. 1 to 1,000."),
    lease: durationOption({
      description: "How long messages are a worker's that does not say, in whole seconds.",
      min: "1s",
      max: "12h",
      grain: "1s",
    }).prefault("30s"),
    deduplication_window: durationOption({
      description: "How long the deduplication_id of a message counts.",
      min: "1s",
      max: "168h",
    }).prefault("5m"),
    retention_period: durationOption({
      description: "Messages and dead letters that are older are removed. Not given: they stay.",
      min: "1s",
      max: "87600h",
    }).optional(),
  })
  .transform(
    (written): QueueOptions => ({
      maxDeliveries: written.max_deliveries,
      leaseMs: written.lease,
      deduplicationWindowMs: written.deduplication_window,
      retentionMs: written.retention_period,
    }),
  );

/** What holds where the operator writes nothing. */
export const queueOptionsDefault: QueueOptions = queueOptions.parse({});
