import { type ExecFileOptions, execFile } from "node:child_process";
import { LocalServerError } from "./local-server-error.js";

/**
 * Runs a program to its end and gives what it printed on stdout. Throws LocalServerError with what it printed on stderr when it
 * cannot be run, fails, or takes longer than `timeout`.
 */
export function runTool(
  program: string,
  given: readonly string[],
  options: ExecFileOptions & { readonly timeout: number },
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, given, { ...options, encoding: "utf8" }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      // The error's own message repeats the command line, which may be very long.
      const reason = error.killed ? `it took longer than ${options.timeout} ms` : `it ended with ${error.code}`;
      reject(new LocalServerError(`${program} failed: ${reason}. ${stderr.trim()}`, { cause: error }));
    });
  });
}
