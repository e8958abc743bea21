import type { z } from "zod";
import { type FieldViolation, GatewayError } from "../errors.js";

/** Reads a backend's settings. Throws `INVALID_SETTINGS` that names every problem with its path. */
export function parsedSettings<Settings extends z.ZodType>(schema: Settings, settings: unknown): z.output<Settings> {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const fieldViolations = parsed.error.issues.flatMap(violationsOf);
  const listed = fieldViolations.map(({ field, description }) => `${field || "settings"}: ${description}`);
  throw new GatewayError("INVALID_SETTINGS", `The backend's settings are wrong. ${listed.join("; ")}.`, {
    fieldViolations,
  });
}

function violationsOf(issue: z.core.$ZodIssue): FieldViolation[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      field: [...path, key].join("."),
      description: "is not a setting of this plugin",
    }));
  }
  return [{ field: path.join("."), description: issue.message }];
}
