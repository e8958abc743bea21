import { InvalidArgumentError } from "commander";

/** Reads the number of a partition: a whole number from 0. */
export function parsePartition(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write the number of a partition, from 0.");
}
