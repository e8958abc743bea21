import { GatewayError } from "@prism-data/pattern-sdk";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { isLocked, isOutage, translateError } from "./errors.js";

const path = "/data/prism.db";

function fileSystemError(code: string): Error {
  return Object.assign(new Error("not permitted"), { code });
}

test.each([
  ["SQLITE_BUSY", "BACKEND_UNAVAILABLE"],
  ["SQLITE_BUSY_SNAPSHOT", "BACKEND_UNAVAILABLE"],
  ["SQLITE_BUSY_RECOVERY", "BACKEND_UNAVAILABLE"],
  ["SQLITE_LOCKED", "BACKEND_UNAVAILABLE"],
  ["SQLITE_PROTOCOL", "BACKEND_UNAVAILABLE"],
  ["SQLITE_FULL", "CAPACITY_EXHAUSTED"],
  ["SQLITE_IOERR_SHMSIZE", "CAPACITY_EXHAUSTED"],
  ["SQLITE_IOERR_WRITE", "BACKEND_FAILED"],
  ["SQLITE_IOERR_FSYNC", "BACKEND_FAILED"],
  ["SQLITE_READONLY", "BACKEND_DENIED"],
  ["SQLITE_READONLY_DIRECTORY", "BACKEND_DENIED"],
  ["SQLITE_PERM", "BACKEND_DENIED"],
  ["SQLITE_CORRUPT", "BACKEND_FAILED"],
  ["SQLITE_CORRUPT_INDEX", "BACKEND_FAILED"],
  ["SQLITE_NOTADB", "BACKEND_FAILED"],
  ["SQLITE_CANTOPEN", "INVALID_SETTINGS"],
  ["SQLITE_CANTOPEN_ISDIR", "INVALID_SETTINGS"],
  ["SQLITE_NOMEM", "BACKEND_FAILED"],
])("SQLite's %s becomes %s and names the file, the code and what to do", (code, reason) => {
  const translated = translateError(new Database.SqliteError("what SQLite said", code), path);
  expect(translated).toBeInstanceOf(GatewayError);
  expect(translated).toMatchObject({ reason, metadata: { sqlite_code: code } });
  expect((translated as GatewayError).message).toMatch(
    new RegExp(`^SQLite file ${path}: what SQLite said \\(${code}\\)\\. .{20,}`),
  );
});

test.each([
  ["EACCES", "BACKEND_DENIED"],
  ["EROFS", "BACKEND_DENIED"],
  ["ENOSPC", "CAPACITY_EXHAUSTED"],
  ["EIO", "BACKEND_FAILED"],
  ["ENOTDIR", "INVALID_SETTINGS"],
])("the file system's %s becomes %s", (code, reason) => {
  expect(translateError(fileSystemError(code), path)).toMatchObject({ reason });
});

test.each([
  new Error("plain"),
  new TypeError("a defect"),
  new GatewayError("KEY_EXISTS", "there"),
  fileSystemError("EMFILE"),
  "text",
])("%s is passed on as it is", (error) => {
  expect(translateError(error, path)).toBe(error);
});

test("a wrong path names the setting", () => {
  const { fieldViolations } = translateError(
    new Database.SqliteError("unable to open", "SQLITE_CANTOPEN"),
    path,
  ) as GatewayError;
  expect(fieldViolations.map(({ field }) => field)).toEqual(["path"]);
});

test("a lock says when to come back", () => {
  const locked = new Database.SqliteError("database is locked", "SQLITE_BUSY");
  expect(isLocked(locked)).toBe(true);
  expect((translateError(locked, path) as GatewayError).retryAfterMs).toBeGreaterThan(0);
});

test.each([
  ["SQLITE_FULL", false],
  ["SQLITE_CORRUPT", true],
  ["SQLITE_BUSY", true],
])("%s as an outage of the whole file: %s", (code, expected) => {
  expect(isOutage(translateError(new Database.SqliteError("", code), path))).toBe(expected);
});
