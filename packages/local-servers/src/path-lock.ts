import { createHash } from "node:crypto";
import { once } from "node:events";
import { realpath } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { LocalServerError } from "./local-server-error.js";

/** Longer than whoever holds it should take: servers that start and stop slowly have their own bounds. */
const heldForMsMax = 180_000;

/**
 * Lets one process at a time change a file, or what runs in a folder; the others wait for it to end, however it ends. The kernel
 * keeps the lock: it is a name for a socket, which belongs to nobody once its process is gone. Waits for up to 180 s, then throws
 * LocalServerError; throws the signal's reason when that is aborted first. Linux only.
 */
export async function lockPath(path: string, signal?: AbortSignal): Promise<AsyncDisposable> {
  const digest = createHash("sha256")
    .update(await realpath(path))
    .digest("hex");
  const name = `\0prism-lock-${digest}`;
  const patience = AbortSignal.any([AbortSignal.timeout(heldForMsMax), ...(signal === undefined ? [] : [signal])]);
  for (;;) {
    const lock = await tryToListen(name);
    if (lock !== undefined) return lock;
    await untilReleased(name, patience);
    signal?.throwIfAborted();
    if (patience.aborted) {
      const seconds = heldForMsMax / 1_000;
      throw new LocalServerError(
        `Another command has been at work on ${path} for more than ${seconds} s. Wait for it, or end it, and try again.`,
      );
    }
  }
}

async function tryToListen(name: string): Promise<AsyncDisposable | undefined> {
  const server = createServer();
  const listening = once(server, "listening").then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") return false;
      throw error;
    },
  );
  server.listen(name);
  if (!(await listening)) return undefined;
  // Those who wait are connected; a process that is done does not wait for them.
  server.unref();
  const waiting = new Set<{ destroy(): void }>();
  server.on("connection", (socket) => waiting.add(socket.unref()));
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      for (const socket of waiting) socket.destroy();
    },
  };
}

/** Whoever holds the lock is connected to, and the connection ends with the lock. */
async function untilReleased(name: string, signal: AbortSignal): Promise<void> {
  const socket = connect({ path: name, signal });
  socket.on("error", () => {});
  socket.resume();
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}
