import { GatewayError } from "../../errors.js";

/**
 * `OFFSET_OUT_OF_RANGE`: a read begins at an offset whose record was removed by retention. Metadata `partition`, `earliest_offset`.
 * Never throws.
 */
export function offsetOutOfRangeError(asked: {
  partition: number;
  offset: bigint;
  earliestOffset: bigint;
}): GatewayError {
  const { partition, offset, earliestOffset } = asked;
  return new GatewayError(
    "OFFSET_OUT_OF_RANGE",
    `Partition ${partition} begins at offset ${earliestOffset}; the record at ${offset} was removed by its retention. ` +
      "Read from the earliest record, and expect that some between are missing.",
    { metadata: { partition: String(partition), earliest_offset: String(earliestOffset) } },
  );
}

/**
 * `INVALID_SETTINGS`: a namespace that is there with one number of partitions is configured with another. For `bind` and `plan`.
 * `canGrow`: the plugin has the capability `growth`. Never throws.
 */
export function partitionsFixedError(log: {
  readonly namespace: string;
  readonly partitions: number;
  readonly asked: number;
  readonly canGrow?: boolean;
}): GatewayError {
  const { namespace, partitions, asked, canGrow = false } = log;
  const consent = canGrow && asked > partitions ? ", say growable: true where that is no loss" : "";
  const consequence =
    asked > partitions
      ? "with more, the records of a key would go on in another partition than they are in, and their order would be lost"
      : "with fewer, what the others hold would be lost";
  const description = `is ${asked}, but the log was made with ${partitions}: ${consequence}`;
  return new GatewayError(
    "INVALID_SETTINGS",
    `namespaces.${JSON.stringify(namespace)}.options.partitions ${description}. Write ${partitions}${consent}, or begin another namespace.`,
    { metadata: { namespace }, fieldViolations: [{ field: "options.partitions", description }] },
  );
}
