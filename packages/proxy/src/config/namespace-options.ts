import { settingsProblems } from "./plugin-settings.js";
import type { LocatedProblem } from "./problem.js";

/** What a plugin takes as the options of a namespace. */
export interface OfferedOptions {
  readonly pattern: string;
  /** The JSON Schema that the plugin gives; `undefined`: the pattern takes no options. */
  readonly schema: unknown;
}

/** What is wrong with a namespace's options by what its plugin takes; keys start at the options. */
export function optionsProblems(
  options: Readonly<Record<string, unknown>>,
  { pattern, schema }: OfferedOptions,
): readonly LocatedProblem[] {
  if (schema !== undefined) return settingsProblems(options, schema);
  const message = `is not an option; ${pattern} takes none on this backend`;
  return Object.keys(options).map((key) => ({ keys: [key], message }));
}
