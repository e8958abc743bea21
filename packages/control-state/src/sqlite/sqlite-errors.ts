import { type FileProblem, fileProblemOf } from "@prism-data/sqlite-file";
import { ControlStateError, type Translation } from "../errors.js";

const translations: Readonly<Record<FileProblem, Translation>> = {
  locked: {
    reason: "unavailable",
    advice: "Another process keeps it locked. Try again; if it stays so, find the process that has it open.",
  },
  full: { reason: "unavailable", advice: "The disk is full. Make room." },
  failing: { reason: "unavailable", advice: "The disk or the file system failed. Check the machine's log." },
  denied: {
    reason: "invalid",
    advice:
      "Prism's user may not write there. Check the owner and mode of the file, its -wal and -shm files and its folder.",
  },
  damaged: {
    reason: "invalid",
    advice: "It is damaged or no SQLite database. Stop Prism and restore it from a backup, or move it away.",
  },
  unopenable: { reason: "invalid", advice: "It cannot be opened or made. Correct data_dir." },
};

/** Translates what SQLite or the file system threw. Everything else is returned as it is. */
export function translateError(error: unknown, file: string): unknown {
  const found = fileProblemOf(error);
  if (found === undefined) return error;
  const { reason, advice } = translations[found.problem];
  return new ControlStateError(reason, `The control state ${file}: ${found.message} (${found.code}). ${advice}`, {
    cause: error,
  });
}

/** Whether another connection's lock was in the way; the same may work a moment later. */
export function isLocked(error: unknown): boolean {
  return fileProblemOf(error)?.problem === "locked";
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
