import type { WrittenField, WrittenNeeds } from "./needs.js";
import type { Problem } from "./problem.js";

const indexes = ["primary", "secondary", "partition_key", "clustering_key"];
const piiKinds = ["email", "name", "phone", "ssn", "address", "ip_address", "credit_card"];

/** What each option of a field takes; `undefined`: what is wrong with a value. Options that are not here take what their type takes. */
const problemOf: Readonly<Record<string, (value: string) => string | undefined>> = {
  index: (value) => (indexes.includes(value) ? undefined : `is not one of ${indexes.join(", ")}`),
  pii: (value) => (piiKinds.includes(value) ? undefined : `is not one of ${piiKinds.join(", ")}`),
  max_length: (value) => (/^[1-9]\d{0,9}$/.test(value) ? undefined : "is not a whole number from 1"),
  validation(value) {
    if (/^(email|uuid|url|(min|max):-?\d+(\.\d+)?)$/.test(value)) return undefined;
    if (!value.startsWith("regex:")) return "is not one of email, uuid, url, regex:EXPRESSION, min:NUMBER, max:NUMBER";
    try {
      new RegExp(value.slice("regex:".length), "u");
      return undefined;
    } catch (error) {
      return `is no regular expression: ${(error as Error).message}`;
    }
  },
};

/** What becomes of the field while Prism does not act on the option. */
const consequences: Readonly<Record<string, string>> = {
  index: "no index is made: fields inside a value are not looked up",
  pii: "encryption and masking are not built yet: the value is stored as it is",
  encrypt_at_rest: "encryption is not built yet: the value is stored as it is",
  mask_in_logs: "Prism logs no values, masked or not",
  access_audit: "accesses are not recorded yet",
  validation: "values are not validated: they are bytes to Prism",
  max_length: "values are not validated: they are bytes to Prism",
  required: "values are not validated: they are bytes to Prism",
};

/** What is wrong with the options of a message's fields. */
export function fieldProblems({ message, fields = [] }: WrittenNeeds): readonly Problem[] {
  return fields.flatMap(({ name, options }) =>
    [...options].flatMap(([option, value]) => {
      const wrong = problemOf[option]?.(value);
      const at = `${message}.${name} (prism.${option})`;
      return wrong === undefined ? [] : [{ at, message: `${JSON.stringify(value)} ${wrong}` }];
    }),
  );
}

/** What is said of the fields and not acted on: a line for each option. */
export function fieldWarnings(fields: readonly WrittenField[]): readonly string[] {
  return fields.flatMap(({ name, options }) =>
    [...options]
      .filter(([, value]) => value !== "false")
      .map(([option, value]) => `${option}${value === "true" ? "" : ` ${value}`} on ${name}: ${consequences[option]}`),
  );
}
