import { Readable } from "node:stream";
import type { ExitCode } from "../exit-code.js";
import type { Output } from "../invocation.js";
import { runPrism } from "../program.js";

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Default: the root. */
  readonly workingDir?: string;
}

/** Runs a command line in this process, with nothing on stdin and no terminal. */
export async function run(
  given: readonly string[],
  { environment = {}, workingDir = "/" }: RunOptions = {},
): Promise<{ readonly code: ExitCode; readonly stdout: string; readonly stderr: string }> {
  const stdout = new Screen();
  const stderr = new Screen();
  const code = await runPrism({
    arguments: given,
    environment,
    workingDir,
    pid: 1,
    execPath: "node",
    stdin: Readable.from([]),
    stdout,
    stderr,
    interrupted: new AbortController().signal,
    onHangup: () => {},
  });
  return { code, stdout: stdout.text, stderr: stderr.text };
}

class Screen implements Output {
  readonly isTerminal = false;
  readonly columns = undefined;
  text = "";

  async write(data: string | Uint8Array): Promise<void> {
    this.text += typeof data === "string" ? data : Buffer.from(data).toString();
  }
}
