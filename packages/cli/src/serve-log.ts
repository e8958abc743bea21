import { createLog, type Logger, type LogLevel } from "@prism-data/proxy";
import { pino } from "pino";
import pretty from "pino-pretty";

const stderrFd = 2;

/** The log of a serving proxy, and a way to be sure that all of it was written. */
export interface ServeLog {
  readonly log: Logger;
  flush(): void;
}

/** JSON lines on stderr; readable lines on a terminal. */
export function openServeLog(level: LogLevel, isTerminal: boolean): ServeLog {
  // Not one write per line and never waiting for a slow reader: the log must not slow the calls.
  const destination = pino.destination({ fd: stderrFd, sync: isTerminal });
  const stream = isTerminal
    ? pretty({ destination, colorize: true, singleLine: true, translateTime: "SYS:HH:MM:ss.l" })
    : destination;
  return { log: createLog({ level, destination: stream }), flush: () => destination.flushSync() };
}
