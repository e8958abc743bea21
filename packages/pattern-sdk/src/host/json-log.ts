import type { Logger } from "../plugin.js";

/** The numbers that pino gives its levels: the proxy re-emits the lines as its own. */
const levels = { debug: 20, info: 30, warn: 40, error: 50 } as const;

/** Makes a logger that writes one JSON line per message. Never throws. */
export function jsonLog(write: (line: string) => void, now: () => number = Date.now): Logger {
  const logAt = (level: number) => (fields: object, message: string) => {
    write(`${lineOf({ level, time: now(), msg: message, ...fields })}\n`);
  };
  return {
    debug: logAt(levels.debug),
    info: logAt(levels.info),
    warn: logAt(levels.warn),
    error: logAt(levels.error),
  };
}

function lineOf(record: { readonly level: number; readonly time: number; readonly msg: string }): string {
  try {
    return JSON.stringify(record, plainValue);
  } catch {
    // Fields that cannot be written must not take the message with them.
    return JSON.stringify({ level: record.level, time: record.time, msg: record.msg });
  }
}

function plainValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (!(value instanceof Error)) return value;
  return { type: value.name, message: value.message, stack: value.stack, cause: value.cause };
}
