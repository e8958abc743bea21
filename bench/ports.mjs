import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** How long a server may take to listen, and how often it is tried. */
const listenTimeoutMs = 30_000;
const retryMs = 20;

/** A port that nobody listens on, for programs that cannot pick one themselves. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Waits until somebody listens. */
export async function untilListening(port) {
  const endsAt = performance.now() + listenTimeoutMs;
  while (!(await isListening(port))) {
    if (performance.now() > endsAt) throw new Error(`nobody listens on port ${port} after ${listenTimeoutMs} ms`);
    await pause(retryMs);
  }
}

async function isListening(port) {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
