import { type DestinationStream, pino } from "pino";

/** The proxy's logger: a constant message, facts in fields. Passed in, never imported. */
export type Logger = pino.Logger;

/** How much is logged, from least to most. */
export const logLevels = ["silent", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Fields that may carry secrets, wherever they stand. Secrets travel wrapped; this is the second fence. */
const redactedPaths = ["settings", "password", "token", "secret", "authorization"].flatMap((name) => [
  name,
  `*.${name}`,
]);

/** Makes the root logger: JSON lines into `destination`. */
export function createLog(options: { level: LogLevel; destination: DestinationStream }): Logger {
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: redactedPaths, censor: "[redacted]" },
    },
    options.destination,
  );
}
