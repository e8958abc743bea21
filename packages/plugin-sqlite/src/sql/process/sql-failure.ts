import type { ConnectionFailure } from "../connection-messages.js";
import { resultCodeName } from "./result-codes.js";

/** A request that cannot be done, in the words of the answer. */
export class SqlFailure extends Error {
  override readonly name = "SqlFailure";
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** What went wrong with one statement of a batch. */
export class AtStatement extends Error {
  override readonly name = "AtStatement";
  readonly index: number;

  constructor(index: number, cause: unknown) {
    super("a statement of the batch failed", { cause });
    this.index = index;
  }
}

/**
 * What is answered for an error; `denied` says what the rules forbade. Errors that are neither SQLite's nor ours are defects: they
 * are thrown again.
 */
export function failureOf(error: unknown, denied: string | undefined): ConnectionFailure {
  if (error instanceof AtStatement) return { ...failureOf(error.cause, denied), index: error.index };
  if (error instanceof SqlFailure) return { code: error.code, message: error.message };
  if (!(error instanceof Error) || !("errcode" in error)) throw error;
  const message = denied === undefined ? error.message : `${error.message}: ${denied}`;
  return { code: resultCodeName(Number(error.errcode)), message };
}
