import { open } from "node:fs/promises";

/** What fits on a screen, and holds what a server says before it gives up. */
const tailBytesMax = 4_096;
const tailLinesMax = 20;

/** The last lines of a server's log, to be shown when it did not start. */
export async function logTail(file: string): Promise<string> {
  await using handle = await open(file);
  const { size } = await handle.stat();
  const { buffer, bytesRead } = await handle.read({
    buffer: Buffer.alloc(tailBytesMax),
    position: Math.max(0, size - tailBytesMax),
  });
  const lines = buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n");
  return lines.slice(-tailLinesMax).join("\n");
}
