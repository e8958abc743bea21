import { type Command, Option } from "commander";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";
import type { CommandContext } from "./invocation.js";
import { chooseValueSource, readValue } from "./value-source.js";

/** Where payloads come from, besides PAYLOAD. */
export interface PayloadOptions {
  readonly file?: string;
  readonly lines?: boolean;
}

/** Adds the options that say where payloads come from; `verb` says what becomes of each. */
export function addPayloadOptions(command: Command, verb: string): Command {
  return command
    .option("--file <file>", "read the payload from a file")
    .addOption(new Option("--lines", `${verb} each line of stdin`).conflicts("file"));
}

/** Reads the one payload. `undefined`: it is each line of stdin. */
export async function readPayload(
  payload: string | undefined,
  { lines, file }: PayloadOptions,
  { stdin, interrupted }: CommandContext,
): Promise<Uint8Array | undefined> {
  if (!lines) return readValue(chooseValueSource(payload, file), stdin, interrupted);
  if (payload === undefined) return undefined;
  throw new CommandFailure(ExitCode.usage, "PAYLOAD and --lines are both given; give one of them");
}
