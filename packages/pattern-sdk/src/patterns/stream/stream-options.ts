import * as z from "zod";
import { durationOption, sizeOption } from "../option-values.js";
import type { StreamOptions } from "./stream.js";
import type { StreamCapability } from "./stream-capabilities.js";

const partitions = z
  .int("must be a whole number from 1 to 1000")
  .min(1, "must be from 1 to 1000")
  .max(1_000, "must be from 1 to 1000")
  .describe("How many partitions the log has, 1 to 1000. Cannot be changed later. Default: 1.");

const growable = z
  .boolean("must be true or false")
  .describe(
    "Whether `partitions` may be raised later, for which the order of a key is given up: from then on its records may go to another partition. Default: false.",
  );

const retentionPeriod = durationOption({
  description: "Records older than this are deleted. Not given: they stay.",
  min: "1s",
  max: "87600h",
});

const retentionBytes = sizeOption({
  description: "The oldest records of a partition are deleted when it holds more than this. Not given: they stay.",
  min: "1KiB",
  max: "1048576GiB",
});

const compaction = z
  .boolean("must be true or false")
  .describe("Whether older records of a key are deleted once a newer one is there. Default: false.");

/** Each option, and the capability without which it is not there. */
const optionsOf: Readonly<Partial<Record<StreamCapability, z.ZodRawShape>>> = {
  partitions: { partitions: partitions.optional() },
  growth: { growable: growable.optional() },
  retention: { retention_period: retentionPeriod.optional(), retention_bytes: retentionBytes.optional() },
  compaction: { compaction: compaction.optional() },
};

/** What an operator wrote, as the schema has parsed it. */
interface Written {
  readonly partitions?: number;
  readonly growable?: boolean;
  readonly retention_period?: number;
  readonly retention_bytes?: number;
  readonly compaction?: boolean;
}

/**
 * The schema of a log's options, as the operator writes them, for a plugin with these capabilities: `options` in its description of
 * the pattern. Parses to `StreamOptions`. An option whose capability is missing is not an option.
 */
export function streamOptions(capabilities: readonly StreamCapability[]): z.ZodType<StreamOptions> {
  const shapes = capabilities.map((capability) => optionsOf[capability] ?? {});
  return z.strictObject(Object.assign({}, ...shapes) as z.ZodRawShape).transform((parsed): StreamOptions => {
    const written = parsed as Written;
    return {
      partitions: written.partitions ?? 1,
      growable: written.growable,
      retentionMs: written.retention_period,
      retentionBytes: written.retention_bytes,
      compaction: written.compaction ?? false,
    };
  });
}
