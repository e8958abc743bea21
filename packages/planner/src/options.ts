import type { WrittenNeeds } from "./needs.js";
import { NeedsError } from "./problem.js";

/** The options of `prism/options.proto` that a message may carry. */
export const optionNames = [
  "namespace",
  "access_pattern",
  "estimated_read_rps",
  "estimated_write_rps",
  "backend",
  "retention_days",
  "estimated_rps",
  "pattern",
  "item_size",
  "durability",
] as const;

/** The options of messages as somebody wrote them: names that there are, and text. Throws NeedsError with everything that is wrong. */
export function checkedOptions(
  messages: readonly { readonly message: string; readonly options: Readonly<Record<string, unknown>> }[],
): readonly WrittenNeeds[] {
  const all = messages.flatMap(({ message, options }) =>
    Object.entries(options).map(([name, value]) => ({
      at: `${message} (prism.${name})`,
      message: problemOf(name, value),
    })),
  );
  const problems = all.flatMap(({ at, message }) => (message === undefined ? [] : [{ at, message }]));
  if (problems.length > 0) throw new NeedsError(problems);
  return messages.map(({ message, options }) => ({
    message,
    options: new Map(Object.entries(options).map(([name, value]) => [name, String(value)])),
  }));
}

function problemOf(name: string, value: unknown): string | undefined {
  if (!optionNames.some((known) => known === name)) return `is no option; there are ${optionNames.join(", ")}`;
  return typeof value === "string" ? undefined : `is text: write "${value}"`;
}
