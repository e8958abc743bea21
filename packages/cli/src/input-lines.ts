import type { Readable } from "node:stream";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";
import { valueBytesMax } from "./value-source.js";

const lineFeed = 0x0a;

/**
 * The lines of the input without their ends, as many at a time as have come: one when somebody types, many when a file is piped
 * in. Ends when the input does or the signal is aborted; an end without a line feed is a line too.
 */
export async function* inputLines(input: Readable, signal: AbortSignal): AsyncGenerator<Buffer[], void, undefined> {
  const stop = () => input.destroy();
  signal.addEventListener("abort", stop, { once: true });
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      const { lines, last } = split(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]));
      if (last.length > valueBytesMax) throw tooLong();
      rest = last;
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  if (rest.length > 0 && !signal.aborted) yield [rest];
}

function split(bytes: Buffer): { readonly lines: Buffer[]; readonly last: Buffer } {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
    lines.push(bytes.subarray(start, end));
    start = end + 1;
  }
  return { lines, last: bytes.subarray(start) };
}

function tooLong(): CommandFailure {
  return new CommandFailure(
    ExitCode.failed,
    `a line of the input is longer than ${valueBytesMax} bytes, the most that a namespace takes; split it`,
  );
}
