import type { z } from "zod";
import { type FieldViolation, GatewayError } from "../errors.js";

/** Reads a backend's settings. Throws `INVALID_SETTINGS` that names every problem with its path. */
export function parsedSettings<Settings extends z.ZodType>(schema: Settings, settings: unknown): z.output<Settings> {
  const parsed = schema.safeParse(settings);
  if (parsed.success) return parsed.data;
  const fieldViolations = violationsOf(parsed.error, "a setting of this plugin");
  const listed = fieldViolations.map(({ field, description }) => `${field || "settings"}: ${description}`);
  throw new GatewayError("INVALID_SETTINGS", `The backend's settings are wrong. ${listed.join("; ")}.`, {
    fieldViolations,
  });
}

/** Which options belong to which namespace of which pattern. */
export interface OptionsPlace {
  readonly namespace: string;
  readonly pattern: string;
}

/**
 * Reads a namespace's options; without a schema there must be none, and the result is `undefined`. Throws `INVALID_SETTINGS`
 * that names every problem with its path in the configuration.
 */
export function parsedOptions(schema: z.ZodType | undefined, options: unknown, place: OptionsPlace): unknown {
  if (schema === undefined) {
    const given = Object.keys(options as object);
    if (given.length === 0) return undefined;
    throw wrongOptions(
      given.map((field) => ({ field, description: `is not an option; ${place.pattern} takes none on this plugin` })),
      place,
    );
  }
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  throw wrongOptions(violationsOf(parsed.error, `an option of ${place.pattern} on this plugin`), place);
}

function wrongOptions(violations: readonly FieldViolation[], { namespace }: OptionsPlace): GatewayError {
  const name = /^[\w-]+$/.test(namespace) ? namespace : JSON.stringify(namespace);
  const listed = violations.map(
    ({ field, description }) => `namespaces.${name}.options${field === "" ? "" : `.${field}`}: ${description}`,
  );
  const fieldViolations = violations.map(({ field, description }) => ({
    field: field === "" ? "options" : `options.${field}`,
    description,
  }));
  return new GatewayError("INVALID_SETTINGS", `${listed.join("; ")}.`, { metadata: { namespace }, fieldViolations });
}

function violationsOf({ issues }: z.ZodError, kind: string): FieldViolation[] {
  return issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== "unrecognized_keys") return [{ field: path.join("."), description: issue.message }];
    return issue.keys.map((key) => ({ field: [...path, key].join("."), description: `is not ${kind}` }));
  });
}
