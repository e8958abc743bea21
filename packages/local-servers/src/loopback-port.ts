import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { LocalServerError } from "./local-server-error.js";
import type { Ports } from "./server-kind.js";

/** Below what kernels give to outgoing connections, so that the port is still free when a stopped server comes back to it. */
const lowestPort = 10_000;
const highestPort = 32_767;

/** Out of so many random ports one is free, or something is very wrong. */
const triesMax = 100;

/** So many ports of the loopback, one or more, that nothing listens on now. */
export async function freePorts(count: number): Promise<Ports> {
  const found = new Set<number>();
  for (let tries = 0; found.size < count; tries++) {
    if (tries > triesMax) throw new LocalServerError(`No free port was found on 127.0.0.1 in ${triesMax} tries.`);
    const port = randomInt(lowestPort, highestPort + 1);
    if (await isFree(port)) found.add(port);
  }
  return [...found] as [number, ...number[]];
}

/** Whether a server could listen on this port of the loopback now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listening = once(server, "listening").then(
    () => true,
    () => false,
  );
  server.listen(port, "127.0.0.1");
  if (!(await listening)) return false;
  server.close();
  await once(server, "close");
  return true;
}
