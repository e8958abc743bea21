/** What is wrong with a file, not with what was asked of it. */
export type FileProblem =
  /** Another connection's lock is in the way; the same may work a moment later. */
  | "locked"
  /** There is no room for it, on the disk or within its bound. */
  | "full"
  /** The disk or the file system failed. */
  | "failing"
  /** This process may not write there. */
  | "denied"
  /** It is damaged, or no SQLite database. */
  | "damaged"
  /** The path does not name a file that can be opened or made. */
  | "unopenable";

/** An error that is about a file. */
export interface FileError {
  /** The name of SQLite's result code or of the system's error, such as `SQLITE_IOERR_WRITE` or `EACCES`. */
  readonly code: string;
  readonly message: string;
  readonly problem: FileProblem;
}

/** By name; an extended result code that stands here itself comes before its primary one. Source: sqlite.org/rescode.html, errno(3). */
const problems: Readonly<Record<string, FileProblem>> = {
  SQLITE_BUSY: "locked",
  SQLITE_LOCKED: "locked",
  SQLITE_PROTOCOL: "locked",
  SQLITE_FULL: "full",
  SQLITE_IOERR_SHMSIZE: "full",
  SQLITE_IOERR: "failing",
  SQLITE_READONLY: "denied",
  SQLITE_PERM: "denied",
  SQLITE_AUTH: "denied",
  SQLITE_CORRUPT: "damaged",
  SQLITE_NOTADB: "damaged",
  SQLITE_FORMAT: "damaged",
  SQLITE_CANTOPEN: "unopenable",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ENOSPC: "full",
  EDQUOT: "full",
  EIO: "failing",
  ENOTDIR: "unopenable",
  EEXIST: "unopenable",
  EISDIR: "unopenable",
  ENOENT: "unopenable",
  ELOOP: "unopenable",
  ENAMETOOLONG: "unopenable",
};

/**
 * What an error of better-sqlite3 or of the file system says of the file; what else SQLite throws counts as `failing`. `undefined`: it is
 * neither of both. Pure.
 */
export function fileProblemOf(error: unknown): FileError | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  const { code, message } = error;
  const problem = fileProblemOfCode(code) ?? (error.name === "SqliteError" ? "failing" : undefined);
  return problem && { code, message, problem };
}

/** What a code says of the file, by its name. `undefined`: it is about something else. Pure. */
export function fileProblemOfCode(code: string): FileProblem | undefined {
  const primary = code.split("_").slice(0, 2).join("_");
  return problems[code] ?? problems[primary];
}
