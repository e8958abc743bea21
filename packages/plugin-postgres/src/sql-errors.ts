import { type CallContext, GatewayError, sqlFailedError, transactionConflictError } from "@prism-data/pattern-sdk";
import type { DatabaseError } from "pg";
import { callAbandoned, isAnswer, translateError } from "./errors.js";

const unsupported = "0A000";

/** The SQLSTATE of a statement that was stopped from outside. */
const stopped = "57014";

/** Those of a transaction that lost against others. */
const conflicts: readonly string[] = ["40001", "40P01"];

/** Classes that tell of the server and not of the statement. Source: PostgreSQL's appendix A. */
const serverClasses: readonly string[] = ["53", "57", "58", "XX"];

/** Translates what an app's statement met; `context` tells whether it was the app that stopped it. A `GatewayError` is returned as it is. */
export function translateSqlError(error: unknown, address: string, { signal, deadlineMs }: CallContext): GatewayError {
  if (error instanceof GatewayError) return error;
  if (signal.aborted || (isAnswer(error) && error.code === stopped && isPast(deadlineMs))) {
    return statementStopped(isPast(deadlineMs) ? "DEADLINE_EXCEEDED" : "CANCELLED");
  }
  if (!isAnswer(error)) return translateError(error, address);
  const sqlCode = error.code ?? "";
  const refusal = { message: textOf(error), sqlCode, cause: error };
  if (conflicts.includes(sqlCode)) return transactionConflictError(refusal);
  const isOfServer = serverClasses.includes(sqlCode.slice(0, 2)) && sqlCode !== stopped;
  return isOfServer ? translateError(error, address) : sqlFailedError(refusal);
}

/** COPY moves data beside the protocol's rows. */
export function copyUnsupported(): GatewayError {
  return sqlFailedError({
    message: "COPY from or to the app is not offered; use INSERT and SELECT",
    sqlCode: unsupported,
  });
}

/** Transactions are begun and ended by calls. */
export function transactionControlRefused(): GatewayError {
  const message = "a statement must not begin or end a transaction; use Transact, and its commit and rollback";
  return sqlFailedError({ message, sqlCode: unsupported });
}

/** PostgreSQL's text ends at a NUL, so what comes after it would be lost. */
export function nulInStatement(): GatewayError {
  return sqlFailedError({ message: "a statement must not hold a NUL character", sqlCode: "42601" });
}

/** A text of blanks, semicolons and comments. PostgreSQL runs nothing, and says so without an error. */
export function nothingToRun(): GatewayError {
  return sqlFailedError({ message: "the text holds no statement", sqlCode: "42601" });
}

/** A commit that PostgreSQL turned into a rollback, because a statement had failed. */
export function commitOfFailed(): GatewayError {
  const message = "a statement of the transaction had failed, so it was rolled back; nothing was changed";
  return sqlFailedError({ message, sqlCode: "25P02" });
}

/** A statement has left the session in another state of transactions than it may. */
export function transactionLost(): GatewayError {
  return sqlFailedError({
    message: "the statement ended its transaction; what it had done so far is not known",
    sqlCode: "25000",
  });
}

/** All connections of the namespace are in use. */
export function sessionsBusy(address: string): GatewayError {
  return new GatewayError(
    "OVERLOADED",
    `PostgreSQL at ${address}: all connections of the namespace are in use. Nothing was changed; try again, end transactions sooner, or raise pool_size.`,
  );
}

/** A call's caller stopped waiting before its statement began. */
export function statementAbandoned({ deadlineMs }: CallContext): GatewayError {
  return callAbandoned(isPast(deadlineMs) ? "DEADLINE_EXCEEDED" : "CANCELLED");
}

function statementStopped(why: "DEADLINE_EXCEEDED" | "CANCELLED"): GatewayError {
  return new GatewayError(why, "The caller stopped waiting, and the statement was stopped on the server.");
}

function isPast(deadlineMs: number | undefined): boolean {
  return deadlineMs !== undefined && deadlineMs <= Date.now() + deadlineLeewayMs;
}

/** The server's clock starts after the call's, and may be this much ahead. */
const deadlineLeewayMs = 50;

/** The server's own words with what helps to find the place. Its detail stays out: it quotes values of rows. */
function textOf({ message, hint, position }: DatabaseError): string {
  const at = position === undefined ? "" : `, at character ${position}`;
  return `${message}${at}${hint === undefined ? "" : ` (${hint})`}`;
}
