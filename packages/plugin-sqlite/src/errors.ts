import { GatewayError, type Reason, type Translation } from "@prism-data/pattern-sdk";
import { type FileProblem, fileProblemOf, fileProblemOfCode } from "@prism-data/sqlite-file";

/** A locked file is usually free again within a commit or two. */
const lockedRetryAfterMs = 200;

/** A file that is gone comes back by an operator's hand, not by itself. */
const goneRetryAfterMs = 5_000;

const translations: Readonly<Record<FileProblem, Translation>> = {
  locked: {
    reason: "BACKEND_UNAVAILABLE",
    advice: "Another process keeps the file locked. Try again; if it stays so, find the process that has it open.",
    retryAfterMs: lockedRetryAfterMs,
  },
  full: {
    reason: "CAPACITY_EXHAUSTED",
    advice: "The disk is full or max_bytes is reached. Delete data, give keys a time to live, or make room.",
  },
  denied: {
    reason: "BACKEND_DENIED",
    advice:
      "The plugin's user may not write there. Check the owner and mode of the file, its -wal and -shm files and its folder.",
  },
  damaged: {
    reason: "BACKEND_FAILED",
    advice:
      "The file is damaged or no SQLite database. Restore it from a backup, or move it away and restart the backend.",
  },
  unopenable: {
    reason: "INVALID_SETTINGS",
    advice: "The path does not name a file that can be opened or made. Correct it in the backend's settings.",
  },
  failing: { reason: "BACKEND_FAILED", advice: "The disk or the file system failed. Check the machine's log." },
};

/** Translates what SQLite or the file system threw. Everything else is returned as it is. */
export function translateError(error: unknown, path: string): unknown {
  const found = fileProblemOf(error);
  if (found === undefined) return error;
  return translated(translations[found.problem], { code: found.code, message: found.message, path, cause: error });
}

/** What SQLite said of a file, by the name of its result code. */
export interface FileFailure {
  readonly code: string;
  readonly message: string;
  readonly path: string;
  readonly cause?: unknown;
}

/** The error for a result code that is about the file, not about what was asked of it. `undefined`: it is not. */
export function fileError(failure: FileFailure): GatewayError | undefined {
  const problem = fileProblemOfCode(failure.code);
  return problem && translated(translations[problem], failure);
}

function translated({ reason, advice, retryAfterMs }: Translation, failure: FileFailure): GatewayError {
  const { code, message, path, cause } = failure;
  return new GatewayError(reason, `SQLite file ${path}: ${message} (${code}). ${advice}`, {
    metadata: { sqlite_code: code },
    retryAfterMs,
    fieldViolations: reason === "INVALID_SETTINGS" ? [{ field: "path", description: advice }] : [],
    cause,
  });
}

/** Whether another connection's lock was in the way; the same may work a moment later. */
export function isLocked(error: unknown): boolean {
  return fileProblemOf(error)?.problem === "locked";
}

/** Whether an error means that the file does not serve, for every call alike. */
export function isOutage(error: unknown): error is GatewayError {
  const outages: readonly Reason[] = ["BACKEND_UNAVAILABLE", "BACKEND_FAILED", "BACKEND_DENIED", "INVALID_SETTINGS"];
  return error instanceof GatewayError && outages.includes(error.reason);
}

/** The file was deleted, moved or replaced while it was open: what is written now would be lost. */
export function fileGone(path: string): GatewayError {
  return new GatewayError(
    "BACKEND_UNAVAILABLE",
    `SQLite file ${path}: it, its -wal file or its folder was removed or replaced while it was in use, so nothing is ` +
      "written to it any more. Put the file back if its data is needed, and restart the backend.",
    { retryAfterMs: goneRetryAfterMs },
  );
}

/** The file holds something that this version of the plugin must not touch. */
export function foreignFile(path: string, what: string): GatewayError {
  const description = `${what} Name another file, or the version of the plugin that wrote this one.`;
  return new GatewayError("INVALID_SETTINGS", `SQLite file ${path}: ${description}`, {
    fieldViolations: [{ field: "path", description }],
  });
}

/** Another process, which has the file open too, was told to delete the namespace. */
export function namespaceRemoved(path: string): GatewayError {
  return new GatewayError(
    "BACKEND_FAILED",
    `SQLite file ${path}: the namespace's data was deleted by another process. Bind the namespace again.`,
  );
}

/** More writes wait than may. */
export function writesOverloaded(path: string): GatewayError {
  return new GatewayError(
    "OVERLOADED",
    `SQLite file ${path}: too many writes wait to be committed. Nothing was changed; try again.`,
    { retryAfterMs: lockedRetryAfterMs },
  );
}

/** A write's caller stopped waiting before the write began. */
export function writeAbandoned(why: "DEADLINE_EXCEEDED" | "CANCELLED"): GatewayError {
  return new GatewayError(why, "The caller stopped waiting before the write began. Nothing was changed.");
}

/** The plugin stops while a write waits for another process's lock. */
export function writeUnfinished(): GatewayError {
  return new GatewayError("DRAINING", "The plugin stopped before the write began. Nothing was changed; try again.");
}

/** This process was away for so long that changes were thrown away which its watchers have not seen. */
export function watchInterrupted(): GatewayError {
  return new GatewayError(
    "WATCH_OVERFLOW",
    "The plugin fell too far behind the changes of the file and missed some. Read the current state and watch again.",
  );
}
