import type { Logger } from "../telemetry/log.js";

/** Lines of one plugin process that are re-emitted in one second; what comes beyond is counted and dropped. */
export const linesPerSecondMax = 1_000;

/** How much of the last line is kept to explain why the process ended. */
const lastLineCharsMax = 500;

/** Fields that the proxy's own logger writes. */
const ownFields = new Set(["level", "time", "msg", "pid", "hostname", "backend", "v"]);

const levels = ["trace", "debug", "info", "warn", "error"] as const;
type Level = (typeof levels)[number];

/** Re-emits what a plugin writes: JSON lines with their level and fields, anything else as plain output. */
export class PluginLog {
  readonly #log: Logger;
  readonly #now: () => number;
  readonly #onDropped: (count: number) => void;
  #lastLine: string | undefined;
  #secondStartedMs = 0;
  #linesInSecond = 0;
  #dropped = 0;

  constructor(options: { log: Logger; now: () => number; onDropped: (count: number) => void }) {
    this.#log = options.log;
    this.#now = options.now;
    this.#onDropped = options.onDropped;
  }

  /** The last thing that the process said, for people. `undefined`: nothing. */
  get lastLine(): string | undefined {
    return this.#lastLine;
  }

  /** A line of stderr, where plugins log. */
  stderrLine(line: string): void {
    this.#emit(line, "stderr");
  }

  /** A line of stdout that is not the handshake. */
  stdoutLine(line: string): void {
    this.#emit(line, "stdout");
  }

  /** The process ended: tell what was dropped since the last line. */
  close(): void {
    this.#reportDropped();
  }

  #emit(line: string, stream: "stdout" | "stderr"): void {
    if (line.trim() === "") return;
    const record = recordOf(line);
    this.#lastLine = printable(String(record?.msg ?? line)).slice(0, lastLineCharsMax);
    if (!this.#admit()) return;
    if (record === undefined) {
      this.#log.info({ stream, line }, "plugin output");
      return;
    }
    const fields = Object.fromEntries(Object.entries(record).filter(([name]) => !ownFields.has(name)));
    this.#log[levelOf(record.level)](fields, typeof record.msg === "string" ? record.msg : "plugin log");
  }

  #admit(): boolean {
    const nowMs = this.#now();
    if (nowMs - this.#secondStartedMs >= 1_000) {
      this.#reportDropped();
      this.#secondStartedMs = nowMs;
      this.#linesInSecond = 0;
    }
    if (this.#linesInSecond >= linesPerSecondMax) {
      this.#dropped++;
      return false;
    }
    this.#linesInSecond++;
    return true;
  }

  #reportDropped(): void {
    if (this.#dropped === 0) return;
    this.#log.warn({ dropped: this.#dropped }, "plugin log lines dropped: more than the bound per second");
    this.#onDropped(this.#dropped);
    this.#dropped = 0;
  }
}

function recordOf(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** pino's numbers (10 trace … 50 error, 60 fatal) or the names of its levels. */
function levelOf(level: unknown): Level {
  if (typeof level === "number") return levels[Math.min(Math.max(Math.floor(level / 10) - 1, 0), 4)] ?? "info";
  if (level === "fatal") return "error";
  return levels.find((known) => known === level) ?? "info";
}

/** A foreign program may write anything; a terminal must not obey it. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
