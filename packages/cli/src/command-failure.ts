import type { ExitCode } from "./exit-code.js";

/** Why a command did not do what it was asked for: what was tried, on what, and what to do. */
export class CommandFailure extends Error {
  readonly exitCode: ExitCode;
  /** Facts for programs; shown with --json beside the message. */
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(exitCode: ExitCode, message: string, options: { facts?: Record<string, unknown>; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "CommandFailure";
    this.exitCode = exitCode;
    this.facts = options.facts ?? {};
  }
}
