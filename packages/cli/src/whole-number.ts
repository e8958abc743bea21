import { InvalidArgumentError } from "commander";

/** Reads an option's count: a whole number from 1. */
export function parseWholeNumber(text: string): number {
  const count = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (count > 0) return count;
  throw new InvalidArgumentError("Write a whole number from 1.");
}
