import { atStatement, GatewayError, sqlFailedError, transactionConflictError } from "@prism-data/pattern-sdk";
import { fileError, fileGone } from "../errors.js";
import type { ConnectionFailure } from "./connection-messages.js";

/** What a connection's process answered instead of what was asked for. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly failure: ConnectionFailure;

  constructor(failure: ConnectionFailure) {
    super(failure.message);
    this.failure = failure;
  }

  /** Whether another transaction is in the way, and may be out of it soon. */
  get isBusy(): boolean {
    const { code } = this.failure;
    return code.startsWith("SQLITE_BUSY") && code !== "SQLITE_BUSY_SNAPSHOT";
  }

  /** Whether another transaction has changed what this one has read. */
  get isOvertaken(): boolean {
    return this.failure.code === "SQLITE_BUSY_SNAPSHOT";
  }
}

/** What is wrong with a statement, not with the file. */
const ofStatement =
  /^SQLITE_(ERROR|ABORT|INTERRUPT|SCHEMA|TOOBIG|CONSTRAINT|MISMATCH|MISUSE|NOLFS|AUTH|RANGE|NOTFOUND)(_|$)/;

/** Where a failure was met. */
export interface FailurePlace {
  readonly path: string;
  /** The transaction may only read. */
  readonly readOnly?: boolean;
}

/** Translates what a connection answered. Everything else is returned as it is. */
export function translateSqlError(error: unknown, place: FailurePlace): unknown {
  if (!(error instanceof ConnectionError)) return error;
  const { index } = error.failure;
  const translated = gatewayErrorOf(error, place);
  return index === undefined ? translated : atStatement(translated, index);
}

function gatewayErrorOf(error: ConnectionError, { path, readOnly = false }: FailurePlace): GatewayError {
  const { code, message } = error.failure;
  const refusal = { message, sqlCode: code, cause: error };
  if (code === "GONE") return fileGone(path);
  if (error.isBusy || error.isOvertaken) return transactionConflictError(refusal);
  if (ofStatement.test(code) || (readOnly && code === "SQLITE_READONLY")) return sqlFailedError(refusal);
  return fileError({ code, message, path, cause: error }) ?? unknownFailure(error, path);
}

function unknownFailure(error: ConnectionError, path: string): GatewayError {
  const { code, message } = error.failure;
  return new GatewayError("BACKEND_FAILED", `SQLite file ${path}: ${message} (${code}).`, {
    metadata: { sqlite_code: code },
    cause: error,
  });
}

/** The namespace was unbound while a call used it. */
export function namespaceClosed(): GatewayError {
  return new GatewayError(
    "NAMESPACE_UNAVAILABLE",
    "The namespace was taken out of the configuration, or its plugin stops.",
  );
}

/** More statements wait for a connection than may. */
export function statementsOverloaded(): GatewayError {
  return new GatewayError(
    "OVERLOADED",
    "Too many statements wait for a connection. Nothing was done; try again later.",
  );
}

/** No connection was free, or none could open the file, for so long. */
export function notOpenedInTime(path: string, timeoutMs: number): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    `SQLite file ${path}: it could not be opened within ${timeoutMs} ms, because every connection was in use or the machine is too ` +
      "busy. It is tried again; if it stays so, give the backend more sql_connections.",
  );
}
