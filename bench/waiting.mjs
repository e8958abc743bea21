import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** How long a server may take to start, and how often it is tried. */
const waitTimeoutMs = 30_000;
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
  await until(() => isListening(port), `nobody listens on port ${port}`);
}

/** Waits until a condition holds; gives up with what is said to be wrong. */
export async function until(condition, wrong) {
  const endsAt = performance.now() + waitTimeoutMs;
  while (!(await condition())) {
    if (performance.now() > endsAt) throw new Error(`${wrong} after ${waitTimeoutMs} ms`);
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
