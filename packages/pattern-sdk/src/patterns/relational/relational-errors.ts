import { GatewayError } from "../../errors.js";

/** The transaction that won is over; another one may begin at once, but not all that lost in the same moment. */
const conflictRetryAfterMs = 20;

/** What the data system says of a statement that it refuses. */
export interface SqlRefusal {
  /** The data system's own words. No secrets. */
  readonly message: string;
  /** Its own code: an SQLSTATE, or SQLite's extended code. */
  readonly sqlCode: string;
  readonly cause?: unknown;
}

/** The error of a statement that the data system refuses. */
export function sqlFailedError({ message, sqlCode, cause }: SqlRefusal): GatewayError {
  return new GatewayError("SQL_FAILED", `The statement was refused: ${message} (${sqlCode}).`, {
    metadata: { sql_code: sqlCode },
    cause,
  });
}

/** The error of a transaction that lost against others. */
export function transactionConflictError({ message, sqlCode, cause }: SqlRefusal): GatewayError {
  return new GatewayError(
    "TRANSACTION_CONFLICT",
    `The transaction lost against others and was rolled back: ${message} (${sqlCode}). Run it again from its beginning.`,
    { metadata: { sql_code: sqlCode }, retryAfterMs: conflictRetryAfterMs, cause },
  );
}

/** The error of a parameter that the data system has no form for, though it is well made. `index` counts from 0. */
export function parameterUnsupportedError(index: number, description: string): GatewayError {
  const field = `parameters[${index}]`;
  return new GatewayError("INVALID_FIELD", `${field}: ${description}.`, { fieldViolations: [{ field, description }] });
}

/** The error of one statement of a batch, saying which. Errors of other kinds stay as they are. */
export function atStatement(error: unknown, index: number): unknown {
  if (!(error instanceof GatewayError)) return error;
  const { reason, message, metadata, retryAfterMs, fieldViolations, cause } = error;
  return new GatewayError(reason, `statements[${index}]: ${message}`, {
    metadata: { ...metadata, index: String(index) },
    retryAfterMs,
    fieldViolations: fieldViolations.map((violation) => ({
      ...violation,
      field: `statements[${index}].${violation.field}`,
    })),
    cause,
  });
}
