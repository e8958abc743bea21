#!/usr/bin/env node
import type { Invocation, Output } from "./invocation.js";
import { runPrism } from "./program.js";

const interruption = new AbortController();

function onStopSignal(): void {
  // The second signal means: now. Plugins notice that their stdin has ended.
  if (interruption.signal.aborted) process.exit(1);
  interruption.abort();
}

function outputTo(stream: NodeJS.WriteStream): Output {
  // The write's own callback tells; without a listener the event would end the process.
  stream.on("error", () => {});
  return {
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.isTTY ? stream.columns || undefined : undefined;
    },
    write: (data) =>
      new Promise((resolve, reject) => {
        stream.write(data, (error) => (error ? reject(error) : resolve()));
      }),
  };
}

process.on("SIGINT", onStopSignal);
process.on("SIGTERM", onStopSignal);

const invocation: Invocation = {
  arguments: process.argv.slice(2),
  environment: process.env,
  workingDir: process.cwd(),
  pid: process.pid,
  execPath: process.execPath,
  stdin: process.stdin,
  stdout: outputTo(process.stdout),
  stderr: outputTo(process.stderr),
  interrupted: interruption.signal,
  onHangup: (listener) => process.on("SIGHUP", listener),
};

process.exit(await runPrism(invocation));
