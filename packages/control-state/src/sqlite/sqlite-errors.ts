import Database from "better-sqlite3";
import { ControlStateError, type Translation } from "../errors.js";

const locked: Translation = {
  reason: "unavailable",
  advice: "Another process keeps it locked. Try again; if it stays so, find the process that has it open.",
};
const full: Translation = { reason: "unavailable", advice: "The disk is full. Make room." };
const failing: Translation = {
  reason: "unavailable",
  advice: "The disk or the file system failed. Check the machine's log.",
};
const denied: Translation = {
  reason: "invalid",
  advice:
    "Prism's user may not write there. Check the owner and mode of the file, its -wal and -shm files and its folder.",
};
const damaged: Translation = {
  reason: "invalid",
  advice: "It is damaged or no SQLite database. Stop Prism and restore it from a backup, or move it away.",
};
const unopenable: Translation = {
  reason: "invalid",
  advice: "It cannot be opened or made. Correct data_dir.",
};

/** By result code; an extended code that stands here itself comes before its primary one. Source: sqlite.org/rescode.html. */
const translations: Readonly<Record<string, Translation>> = {
  SQLITE_BUSY: locked,
  SQLITE_LOCKED: locked,
  SQLITE_PROTOCOL: locked,
  SQLITE_FULL: full,
  SQLITE_IOERR_SHMSIZE: full,
  SQLITE_READONLY: denied,
  SQLITE_PERM: denied,
  SQLITE_AUTH: denied,
  SQLITE_CORRUPT: damaged,
  SQLITE_NOTADB: damaged,
  SQLITE_FORMAT: damaged,
  SQLITE_CANTOPEN: unopenable,
  EACCES: denied,
  EPERM: denied,
  EROFS: denied,
  ENOSPC: full,
  EDQUOT: full,
  EIO: failing,
  ENOTDIR: unopenable,
  EEXIST: unopenable,
  EISDIR: unopenable,
  ENOENT: unopenable,
  ELOOP: unopenable,
  ENAMETOOLONG: unopenable,
};

/** Translates what SQLite or the file system threw. Everything else is returned as it is. */
export function translateError(error: unknown, file: string): unknown {
  const code = codeOf(error);
  const translation = code === undefined ? undefined : translationOf(code, error);
  if (translation === undefined) return error;
  const { reason, advice } = translation;
  return new ControlStateError(reason, `The control state ${file}: ${(error as Error).message} (${code}). ${advice}`, {
    cause: error,
  });
}

/** Whether another connection's lock was in the way; the same may work a moment later. */
export function isLocked(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && translationOf(code, error) === locked;
}

/** The file was deleted, moved or replaced while it was open. */
export function fileGone(file: string): ControlStateError {
  return new ControlStateError(
    "unavailable",
    `The control state ${file}: it or its -wal file was removed while it was in use, so nothing is written to it any more. ` +
      "Put the file back; without it, restart Prism to begin with an empty one.",
  );
}

export function nothingToBackUp(file: string): ControlStateError {
  return new ControlStateError(
    "invalid",
    `There is no control state ${file}: nothing was declared over the admin API yet, so there is nothing to back up.`,
  );
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return error.code;
}

function translationOf(code: string, error: unknown): Translation | undefined {
  const primary = code.split("_").slice(0, 2).join("_");
  const translation = translations[code] ?? translations[primary];
  return translation ?? (error instanceof Database.SqliteError ? failing : undefined);
}
