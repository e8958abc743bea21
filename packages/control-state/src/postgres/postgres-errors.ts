import { DatabaseError } from "pg";
import { ControlStateError, type Translation } from "../errors.js";

const unreachable: Translation = {
  reason: "unavailable",
  advice: "Check that PostgreSQL runs and that url and tls are right; it is tried again until it answers.",
};
const busy: Translation = { reason: "unavailable", advice: "PostgreSQL does not take this now. Try again." };
const slow: Translation = {
  reason: "unavailable",
  advice: "It took too long, perhaps because another session holds a lock on the tables. Try again.",
};
const full: Translation = { reason: "unavailable", advice: "Make room on the server." };
const denied: Translation = {
  reason: "invalid",
  advice:
    "Check the user in url, password, pg_hba.conf and the user's privileges: it must own the schema or may make it.",
};
const misplaced: Translation = {
  reason: "invalid",
  advice: "The server has no database of this name. Correct the name at the end of url, or make the database.",
};
const unmade: Translation = {
  reason: "invalid",
  advice:
    "Somebody removed or changed the tables of the control state. Restore them from a backup, or drop the schema.",
};

/** By SQLSTATE; one that stands here itself comes before its class, the first two characters. Source: PostgreSQL's appendix A. */
const translations: Readonly<Record<string, Translation>> = {
  "28": denied,
  "3D000": misplaced,
  "3F000": unmade,
  "42": unmade,
  "42501": denied,
  "53": busy,
  "53100": full,
  "53200": full,
  "55P03": slow,
  "57014": slow,
};

/** What the driver says when a statement has not been answered in its time. */
const readTimeout = "Query read timeout";

/** Translates what was met at the server. A `ControlStateError` is returned as it is. */
export function translateError(error: unknown, place: string): ControlStateError {
  if (error instanceof ControlStateError) return error;
  const message =
    error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
  const { reason, advice } = translationOf(error);
  return new ControlStateError(reason, `The control state ${place}: ${message}${stateOf(error)}. ${advice}`, {
    cause: error,
  });
}

/** Whether the server has left a statement unanswered for too long: nothing more is to be expected on that connection. */
export function isSilence(error: unknown): boolean {
  return error instanceof Error && error.message === readTimeout;
}

/** Whether PostgreSQL itself has answered, so that what became of a statement is known. */
export function isAnswer(error: unknown): boolean {
  return error instanceof DatabaseError || error instanceof ControlStateError;
}

/** The commit was sent, and no answer came. */
export function commitUnanswered(error: unknown, place: string): ControlStateError {
  const { message } = translateError(error, place);
  const advice = "The write was sent and may have been done: read again before trying once more.";
  return new ControlStateError("unavailable", `${message} ${advice}`, { cause: error, mayBeDone: true });
}

/** The server follows another one and takes no writes. */
export function isStandby(place: string): ControlStateError {
  const advice = "The server takes no writes. Name the primary in url, or wait until the failover has ended.";
  return new ControlStateError("unavailable", `The control state ${place} is a standby. ${advice}`);
}

export function notConnected(place: string): ControlStateError {
  return new ControlStateError("unavailable", `The control state ${place} is not connected yet. Try again.`);
}

export function overloaded(place: string): ControlStateError {
  return new ControlStateError("unavailable", `Too many calls wait for the control state ${place}. Try again.`);
}

export function newerVersion(place: string, { version, known }: { version: number; known: number }): ControlStateError {
  return new ControlStateError(
    "invalid",
    `The control state ${place} has version ${version} of the tables, and this Prism knows ${known}: a newer one wrote it. ` +
      "Run that version, or name another schema.",
  );
}

function translationOf(error: unknown): Translation {
  if (!(error instanceof DatabaseError)) return isSilence(error) ? slow : unreachable;
  const state = error.code ?? "";
  return translations[state] ?? translations[state.slice(0, 2)] ?? busy;
}

function stateOf(error: unknown): string {
  return error instanceof DatabaseError && error.code !== undefined ? ` (${error.code})` : "";
}
