import { createLog, type Logger, type LogLevel } from "@prism-data/proxy";
import { pino } from "pino";

const stderrFd = 2;

/** The log of a serving proxy, and a way to be sure that all of it was written. */
export interface ServeLog {
  readonly log: Logger;
  flush(): void;
}

/** JSON lines on stderr; readable lines on a terminal. */
export async function openServeLog(level: LogLevel, isTerminal: boolean): Promise<ServeLog> {
  // Not one write per line and never waiting for a slow reader: the log must not slow the calls.
  const destination = pino.destination({ fd: stderrFd, sync: isTerminal });
  const stream = isTerminal ? await readableLinesTo(destination) : destination;
  return { log: createLog({ level, destination: stream }), flush: () => destination.flushSync() };
}

/** Loaded here: without a terminal the start need not wait for it. */
async function readableLinesTo(destination: ReturnType<typeof pino.destination>) {
  const { default: pretty } = await import("pino-pretty");
  return pretty({ destination, colorize: true, singleLine: true, translateTime: "SYS:HH:MM:ss.l" });
}
