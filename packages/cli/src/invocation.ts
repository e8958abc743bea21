import type { Readable } from "node:stream";
import type { ExitCode } from "./exit-code.js";

/** Where a command writes to. */
export interface Output {
  readonly isTerminal: boolean;
  /** How many characters a line of the terminal has now. `undefined`: it is none, or does not say. */
  readonly columns: number | undefined;
  /** Resolves when the reader has taken the data, so that a slow reader slows the command. Rejects with EPIPE when it is gone. */
  write(data: string | Uint8Array): Promise<void>;
}

/** One run of the command, as the process hands it over. */
export interface Invocation {
  /** The arguments after the command's name. */
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
  readonly pid: number;
  /** The program that runs Node. */
  readonly execPath: string;
  readonly stdin: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Aborted by the first SIGINT or SIGTERM. The second one ends the process at once. */
  readonly interrupted: AbortSignal;
  /** Calls back at every SIGHUP, which from then on does not end the process. */
  onHangup(listener: () => void): void;
}

/** What a command is given besides its arguments. */
export interface CommandContext extends Invocation {
  /** Sets the exit code of a command that did its work; 0 unless called. */
  finish(exitCode: ExitCode): void;
}
