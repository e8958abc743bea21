import * as z from "zod";
import { durationOption } from "../option-values.js";
import type { PubSubOptions } from "./pub-sub.js";
import type { PubSubCapability } from "./pub-sub-capabilities.js";

/** How long a group keeps what it has not acknowledged when the operator does not say: 7 days. */
const retentionMsDefault = 604_800_000;

const retentionPeriod = durationOption({
  description: "How long a group keeps what it has not acknowledged. Default: 168h.",
  min: "1s",
  max: "87600h",
});

const maxDeliveries = z
  .int("must be a whole number from 1 to 1000")
  .min(1, "must be from 1 to 1000")
  .max(1_000, "must be from 1 to 1000")
  .describe(
    "After so many deliveries a group gives a message up: it moves to the topic dead_letter.GROUP. 1 to 1000. Not given: never.",
  );

/** Each option, and the capability without which it is not there. */
const optionsOf: Readonly<Partial<Record<PubSubCapability, z.ZodRawShape>>> = {
  durable: { retention_period: retentionPeriod.optional() },
  dead_letter: { max_deliveries: maxDeliveries.optional() },
};

/** What an operator wrote, as the schema has parsed it. */
interface Written {
  readonly retention_period?: number;
  readonly max_deliveries?: number;
}

/**
 * The schema of a namespace's options, as the operator writes them, for a plugin with these capabilities: `options` in its
 * description of the pattern. Parses to `PubSubOptions`. An option whose capability is missing is not an option.
 */
export function pubSubOptions(capabilities: readonly PubSubCapability[]): z.ZodType<PubSubOptions> {
  const shapes = capabilities.map((capability) => optionsOf[capability] ?? {});
  return z.strictObject(Object.assign({}, ...shapes) as z.ZodRawShape).transform((parsed): PubSubOptions => {
    const { retention_period: retentionMs = retentionMsDefault, max_deliveries } = parsed as Written;
    return { retentionMs, maxDeliveries: max_deliveries };
  });
}
