import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { CommandFailure } from "./command-failure.js";
import { ExitCode } from "./exit-code.js";

/** The largest value that any namespace takes. A larger one is refused here rather than read to its end. */
export const valueBytesMax = 3 * 1024 * 1024;

/** Where a value comes from: the command line, a file, or stdin. */
export type ValueSource =
  | { readonly from: "argument"; readonly text: string }
  | { readonly from: "file"; readonly path: string }
  | { readonly from: "stdin" };

/** Decides where the value comes from: VALUE, `-` for stdin, or `--file`. */
export function chooseValueSource(value: string | undefined, file: string | undefined): ValueSource {
  if (value !== undefined && file !== undefined) {
    throw new CommandFailure(ExitCode.usage, "VALUE and --file are both given; give one of them");
  }
  if (file !== undefined) return { from: "file", path: file };
  if (value === "-") return { from: "stdin" };
  if (value !== undefined) return { from: "argument", text: value };
  throw new CommandFailure(ExitCode.usage, "no value is given; give VALUE, --file FILE, or - for stdin");
}

/** Reads the value's bytes. */
export async function readValue(source: ValueSource, stdin: Readable, signal: AbortSignal): Promise<Uint8Array> {
  switch (source.from) {
    case "argument":
      return new TextEncoder().encode(source.text);
    case "stdin":
      return readAll(stdin, "stdin", signal);
    case "file":
      return readAll(createReadStream(source.path), source.path, signal);
  }
}

async function readAll(stream: Readable, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const stop = () => stream.destroy(new Error("interrupted"));
  signal.addEventListener("abort", stop);
  try {
    return await collect(stream, name);
  } catch (error) {
    if (error instanceof CommandFailure) throw error;
    throw new CommandFailure(ExitCode.failed, `cannot read the value from ${name}: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function collect(stream: Readable, name: string): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > valueBytesMax) {
      const limit = `the value in ${name} is larger than ${valueBytesMax} bytes, the most that a namespace takes`;
      throw new CommandFailure(ExitCode.failed, `${limit}; split it, or store a reference to it`);
    }
  }
  return Buffer.concat(chunks);
}
