import { GatewayError } from "../../errors.js";
import type { BatchResult } from "../../patterns/batch-result.js";

/** Refuses what a store answers to a batch when it is not one result for each entry. `method` is the author's. */
export function checkResults(results: readonly BatchResult<unknown>[], expected: number, method: string): void {
  if (results.length === expected) return;
  throw new GatewayError(
    "INTERNAL",
    `The plugin's ${method} answered ${results.length} results for ${expected} entries. This is a defect of the plugin.`,
  );
}
